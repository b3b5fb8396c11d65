"""What a request may look like: headers, parameters, media types, charsets, sizes, and what a client gets wrong."""

import json
import re
from collections.abc import Iterator
from itertools import product
from uuid import UUID

import httpx
import pytest

from tests.mock.exchange import (
    DETAILS,
    FULL,
    JSON,
    PAGE,
    WRITE,
    call,
    connected,
    exchange,
    onetrust,
    parsed,
    request,
    served,
    write,
)
from understudy import pack as packs
from understudy.credentials import FULL as FULL_TOKEN
from understudy.mock.settings import Settings
from understudy.pack import Pack
from understudy.spec.rules import Part, Rule
from understudy.values import Json

ME = ("dataSubjectIdentifier", "requests@example.com")


def test_a_body_without_content_type_is_refused_with_415(mock: str) -> None:
    """Connexion's first defect: without Content-Type its handler is given bytes."""
    answer = call(mock, "POST", WRITE, FULL, ME, body=b"{}")
    assert (answer.status, answer.json["where"]) == (415, "Content-Type")
    assert "OT-BODY-2" in answer.rules
    assert call(mock, "POST", WRITE, FULL, ME, JSON).json["where"] == "#"


@pytest.mark.parametrize(("coding", "status"), [("gzip", 415), ("br, gzip", 415), ("Identity", 201)])
def test_a_packed_body_is_refused_with_415(mock: str, coding: str, status: int) -> None:
    """Nothing in the documents says that one may be sent, and it would be read as something else."""
    who = ("dataSubjectIdentifier", f"{coding}@example.com")
    answer = call(mock, "POST", WRITE, FULL, who, JSON, ("Content-Encoding", coding), body=b"{}")
    assert answer.status == status
    if status == 415:
        assert (answer.json["where"], "OT-HTTP-4" in answer.rules) == ("Content-Encoding", True)


def test_an_unknown_charset_is_refused_with_415(mock: str) -> None:
    """Connexion's second defect: an unknown charset gives 500."""
    for charset in ("utf-99", "base64", "x\udcff".encode("utf-8", "replace").decode()):
        answer = write(mock, "charset", b"{}", ("Content-Type", f"application/json; charset={charset}"))
        assert answer.status == 415
        assert "charset" in answer.json["detail"]


@pytest.mark.parametrize("body", [b'{"language":"\xff"}', b'{"language":"\xed\xa0\x80"}', b"\xff\xfe{}"])
def test_broken_utf_8_is_refused_with_400(mock: str, body: bytes) -> None:
    """Connexion's third defect: undecodable bytes give 500."""
    answer = write(mock, "broken", body, JSON)
    assert answer.status == 400
    assert "OT-BODY-2" in answer.rules


@pytest.mark.parametrize("pieces", [1, 2, 5])
def test_a_chunked_body_is_read_like_any_other(mock: str, pieces: int) -> None:
    """Connexion's fourth defect: a body without Content-Length is taken for none. It may come in pieces, too."""
    me = f"chunked {pieces}"
    head = request("POST", WRITE, FULL, ("dataSubjectIdentifier", me), JSON, ("Transfer-Encoding", "chunked"))
    chunks = [b"8\r\n", b'{"langua', b"\r\nC\r\nge", b'":"nb-no"}', b"\r\n0\r\n\r\n"]
    with connected(mock) as connection:
        connection.sendall(head)
        for number in range(pieces):
            call(mock, "GET", PAGE)  # answered, so the server has seen what was sent before
            connection.sendall(b"".join(chunks[number : number + 1] if number + 1 < pieces else chunks[number:]))
        answer = parsed(b"".join(iter(lambda: connection.recv(65536), b"")))
    assert answer.status == 201
    assert call(mock, "GET", DETAILS, FULL, ("identifier", me)).json["language"] == "nb-no"


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", '"utf-8"', "latin-1", "utf-16"])
def test_a_known_charset_is_decoded(mock: str, charset: str) -> None:
    """A text encoding that Python knows is taken at its word."""
    text = '{"dataElements":[{"name":"City","value":"Tromsø"}]}'.encode(charset.strip('"'))
    answer = write(mock, f"charset {charset}", text, ("Content-Type", f"Application/JSON; Charset={charset}"))
    assert answer.json["elements"] == [{"name": "City", "linked": False, "value": "Tromsø"}]


def test_blanks_around_a_header_value_are_no_part_of_it(mock: str) -> None:
    """RFC 9110 strips them: the subject is the same with and without, and blanks alone are an empty identifier."""
    first = write(mock, b" \t padded@example.com \t", {})
    again = write(mock, "padded@example.com", {})
    assert (first.status, again.status) == (201, 200)
    assert first.json["identifier"] == "padded@example.com"
    assert write(mock, b" \t ", {}).rules == ["OT-HEAD-2", "OT-REFUSE-1"]


@pytest.mark.parametrize("letter", ["x", "é", "日", "😀"])
def test_an_identifier_has_255_code_points_whatever_its_bytes(mock: str, letter: str) -> None:
    """The length is counted in characters of UTF-8, not in bytes: 255 are taken, 256 are refused."""
    taken = write(mock, (letter * 255).encode(), {})
    refused = write(mock, (letter * 256).encode(), {})
    assert (taken.status, taken.json["identifier"]) == (201, letter * 255)
    assert (refused.status, refused.json["where"]) == (400, "dataSubjectIdentifier")
    assert "OT-HEAD-3" in refused.rules


def test_a_header_that_is_not_utf_8_is_latin_1(mock: str) -> None:
    """What older clients send still names somebody."""
    assert write(mock, "Åse@example.com".encode("latin-1"), {}).json["identifier"] == "Åse@example.com"


def test_of_a_header_sent_twice_the_first_counts(mock: str) -> None:
    """A second identifier changes nothing."""
    answer = write(mock, "first of two", {}, ("dataSubjectIdentifier", "second of two"))
    assert answer.json["identifier"] == "first of two"


def test_unknown_query_parameters_do_not_break(mock: str) -> None:
    """A real client adds one that is documented nowhere; broken escapes in it are nobody's business."""
    path = f"{WRITE}?includeInstantLinkToken=true&x=%zz&%ff&=&&a=1;b"
    assert call(mock, "POST", path, FULL, ("dataSubjectIdentifier", "query"), body={}).status == 201
    assert call(mock, "GET", f"{PAGE}?sort=%f0%28&page=0", FULL, ("identifier", "query")).status == 200


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("page=x", "page"),
        ("page=-1", "page"),
        ("page=2147483648", "page"),
        ("page=" + "9" * 5000, "page"),
        ("size=2001", "size"),
        ("size=1.0", "size"),
        ("size=", "size"),
        ("size=1e400", "size"),
        ("id=1", "id"),
    ],
)
def test_a_query_parameter_that_breaks_its_schema_is_refused(mock: str, query: str, where: str) -> None:
    """Whatever its length: a number of 5,000 digits is no reason for a 500."""
    answer = call(mock, "GET", f"{PAGE}?{query}", FULL, ("identifier", "query"))
    assert (answer.status, answer.json["where"]) == (400, where)


@pytest.mark.parametrize("depth", [500, 10_000, 100_000])
@pytest.mark.parametrize("closed", [True, False])
def test_deep_json_is_refused_with_400(mock: str, depth: int, *, closed: bool) -> None:
    """Nesting beyond all reason is a client's mistake, not a server's."""
    body = b'{"dataElements":' + b"[" * depth + (b"]" * depth + b"}" if closed else b"")
    assert write(mock, "deep", body, JSON).status == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b'{"language":NaN}',
        b'{"language":Infinity}',
        b'{"language":"\\ud800"}',
        b'{"language":"\x00"}',
        b"{}{}",
        b"// c\n{}",
        b"null",
        b"[]",
        b'"{}"',
        b"\xef\xbb\xbf{}",
    ],
)
def test_what_is_no_json_object_is_refused_with_400(mock: str, body: bytes) -> None:
    """Not JSON, or JSON of another kind."""
    answer = write(mock, "no object", body, JSON)
    assert answer.status == 400
    assert "OT-REFUSE-1" in answer.rules


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"language":"a","language":"b"}', 201),
        (b'{"language":"\\u0000"}', 201),
        (b'{"more":' + b"9" * 300 + b"}", 201),
        (b'{"more":' + b"9" * 5000 + b"}", 400),
        (b'{"more":18446744073709551616,"and":-1e308}', 201),
        (b'{"language":' + b"9" * 400 + b"}", 400),
        (b'{"more":1e400}', 400),
    ],
)
def test_odd_json_is_judged_by_its_grammar_alone(mock: str, body: bytes, status: int) -> None:
    """Keys given twice, NUL and numbers of any size are JSON; nothing of it makes a server fall."""
    assert write(mock, f"odd {body[:40]!r}", body, JSON).status == status


@pytest.fixture(scope="module")
def small(pack: Pack) -> Iterator[str]:
    with served(pack, Settings(seed=1, max_body=100)) as url:
        yield url


def padded(size: int) -> bytes:
    """Return a body of that many bytes."""
    return b'{"language":"%s"}' % (b"x" * (size - 15))


def test_a_body_beyond_the_limit_is_refused_with_413(small: str) -> None:
    """The limit itself is taken; one byte more is not, and the answer says where."""
    assert write(small, "size", padded(100), JSON).status == 201
    answer = write(small, "size", padded(101), JSON)
    assert (answer.status, answer.json["where"]) == (413, "Content-Length")
    assert "100 bytes" in answer.json["detail"]


@pytest.mark.parametrize("chunks", [[101], [60, 60], [100, 1], [1] * 101])
def test_a_chunked_body_beyond_the_limit_is_refused_with_413(small: str, chunks: list[int]) -> None:
    """Nothing announces its size; it is counted as it comes."""
    head = request("POST", WRITE, FULL, ME, JSON, ("Transfer-Encoding", "chunked"))
    body = b"".join(b"%x\r\n%s\r\n" % (size, b" " * size) for size in chunks)
    answer = parsed(exchange(small, head + body + b"0\r\n\r\n"))
    assert (answer.status, answer.json["where"]) == (413, "#")


def test_the_limit_is_one_mebibyte_by_default(mock: str) -> None:
    """As large as that is taken, if it is spread over elements as the document wants it."""
    body = json.dumps({"dataElements": [{"name": f"{n}", "value": "x" * 700} for n in range(1400)]}).encode()
    taken = body + b" " * (1024 * 1024 - len(body))
    assert write(mock, "mebibyte", taken, JSON).status == 201
    assert write(mock, "mebibyte", taken + b" ", JSON).status == 413


def test_an_unfinished_request_is_not_carried_out(mock: str) -> None:
    """A client that leaves in the middle of a body has asked for nothing, though what came so far may read as JSON."""
    head = request("POST", WRITE, FULL, ("dataSubjectIdentifier", "gone"), JSON, ("Transfer-Encoding", "chunked"))
    with connected(mock) as connection:
        connection.sendall(head + b"2\r\n{}\r\n")
    assert write(mock, "gone", {}).status == 201


@pytest.mark.parametrize("rejected", [b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST /\x00 HTTP/1.1\r\n\r\n"])
def test_what_is_no_http_is_refused_by_the_parser(mock: str, rejected: bytes) -> None:
    """The HTTP parser answers 400, out of our hands, and the server lives on."""
    assert exchange(mock, rejected).startswith(b"HTTP/1.1 400 ")
    assert call(mock, "GET", PAGE, FULL, ("identifier", "alive")).status == 200


BROKEN: dict[str, tuple[tuple[tuple[str, str], ...], Json | bytes | None]] = {
    "OT-HEAD-1": ((), {}),
    "OT-HEAD-2": ((("dataSubjectIdentifier", ""),), {}),
    "OT-HEAD-3": ((("dataSubjectIdentifier", "x" * 256),), {}),
    "OT-BODY-1": ((ME,), None),
    "OT-BODY-2": ((ME, ("Content-Type", "text/plain")), b"{}"),
    "OT-BODY-3": ((ME,), []),
    "OT-BODY-5": ((ME,), {"dataElements": {}}),
    "OT-BODY-6": ((ME,), {"identifierType": 1}),
    "OT-BODY-7": ((ME,), {"language": ["en"]}),
    "OT-BODY-8": ((ME,), {"dataElements": [{"value": "x"}]}),
    "OT-BODY-9": ((ME,), {"dataElements": [{"name": 1}]}),
    "OT-BODY-10": ((ME,), {"dataElements": [{"name": "x", "linked": "true"}]}),
    "OT-BODY-11": ((ME,), {"dataElements": [{"name": "x", "interactionDate": 1}]}),
    "OT-BODY-12": ((ME,), {"dataElements": [{"name": "x", "interactionDate": "31 January"}]}),
    "OT-BODY-13": ((ME,), {"dataElements": ["x"]}),
    "OT-BODY-14": ((ME,), {"dataElements": [{"name": "x", "value": {}}]}),
    "OT-BODY-15": ((ME,), {"dataElements": [{"name": "x", "value": "x" * 751}]}),
    "OT-BODY-16": ((ME,), {"dataElements": [{"name": "x", "value": ["x" * 751]}]}),
    "OT-HTTP-3": ((ME, JSON), b" " * (1024 * 1024 + 1)),
    "OT-HTTP-4": ((ME, ("Content-Type", "text/xml")), b"<a/>"),
    "OT-REFUSE-1": ((ME, JSON), b"{"),
}
PLAYED = [
    rule
    for rule in onetrust().rules
    if rule.operation == "createOrUpdateDataSubjectUsingPOST"
    and rule.part in (Part.PARAMETERS, Part.BODY, Part.MEDIA_TYPE, Part.SIZE)
]


@pytest.mark.parametrize("rule", PLAYED, ids=lambda rule: rule.id)
def test_a_request_that_breaks_one_constraint_is_refused_by_its_rule(mock: str, rule: Rule) -> None:
    """Each rule that the request side plays has a request that breaks it alone, and is named when it is refused."""
    headers, body = BROKEN[rule.id]
    answer = call(mock, "POST", WRITE, FULL, *headers, body=body)
    assert answer.status in (400, 413, 415)
    assert rule.id in answer.rules
    assert rule.id in answer.json["rules"]
    assert f"{rule.id};{rule.basis}" in answer.headers["understudy-rules"]


@pytest.mark.parametrize(
    ("rule", "path", "body", "status"),
    [
        ("OT-DELETE-2", "/rest/api/consent/v4/data-subjects", {"identifier": "x"}, 400),
        ("OT-DELETE-6", "/api/consent/v2/datasubjects", {"identifiers": ["x"] * 1000}, 400),
        ("OT-DELETE-7", "/api/consent/v2/datasubjects", {"dataSubjectGuids": [str(UUID(int=4))] * 1000}, 400),
    ],
)
def test_the_deletes_are_refused_by_their_rules(mock: str, rule: str, path: str, body: Json, status: int) -> None:
    """The siblings' rules are played by the body stage too."""
    answer = call(mock, "DELETE", path, FULL, body=body)
    assert (answer.status, rule in answer.rules) == (status, True)


def test_a_refusal_says_where_in_the_body(mock: str) -> None:
    """A JSON pointer leads to the value that is wrong."""
    answer = write(mock, "where", {"dataElements": [{"name": "a"}, {"name": "b", "linked": 1}]})
    assert answer.json["where"] == "/dataElements/1/linked"


def test_a_refusal_quotes_no_more_than_a_little_of_the_body(mock: str) -> None:
    """A body of a megabyte does not come back."""
    answer = write(mock, "long", {"language": ["x" * 900_000]})
    assert answer.status == 400
    assert len(answer.body) < 1000


def test_a_refused_request_changes_nothing(mock: str) -> None:
    """Neither of the elements before the wrong one is kept."""
    before = write(mock, "unchanged", {"dataElements": [{"name": "a", "value": "1"}]})
    write(mock, "unchanged", {"dataElements": [{"name": "a", "value": "2"}, {"name": 3}]})
    after = write(mock, "unchanged", {})
    assert after.json == before.json


BODIES: tuple[tuple[str | None, bytes | None], ...] = (
    (None, None),
    ("application/json", b"{"),
    ("application/json", b"[1]"),
    ("application/json", b"{}"),
    ("text/csv", b"a"),
)
WRONG = "page=a&size=0&pageSize=a&sort=-&filter=-&limit=a&offset=a&hardDelete=a&scrollId=-"


@pytest.mark.parametrize("vendor", packs.names())
def test_every_refusal_names_a_rule(vendor: str) -> None:
    """Of every operation, whatever is missing or wrong; 404 of a record and 401 are among them."""
    pack, refused = packs.load(vendor), set[str]()
    keys = {"Authorization": f"Bearer {FULL_TOKEN}", "x-aptrinsic-api-key": FULL_TOKEN, "x-api-key": FULL_TOKEN}
    with served(pack, Settings(strict=True)) as url, httpx.Client(base_url=url) as client:
        for operation in pack.effective.operations.values():
            path = re.sub(r"[{}]", "", operation.path)
            for known, query in product(({}, keys), ("", f"?{WRONG}")):
                for media_type, body in BODIES:
                    sent = known if media_type is None else {**known, "Content-Type": media_type}
                    answer = client.request(operation.method, path + query, content=body, headers=sent)
                    if answer.status_code >= 400:
                        refused.add(operation.operation_id)
                        told = (operation.operation_id, query, body, answer.text)
                        assert answer.headers["understudy-rules"] != "none", told
    assert refused == set(pack.effective.operations)
