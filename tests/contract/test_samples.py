"""Good requests are made from the document's examples, and put on the wire byte for byte."""

import pytest

from tests.contract.conftest import WRITE
from understudy.contract.samples import Sample, identifier, on_the_wire, sample, token
from understudy.contract.target import Run
from understudy.pack import Pack
from understudy.spec.document import Document, Operation
from understudy.values import Json


@pytest.fixture
def write(pack: Pack) -> Operation:
    """Return the write operation of the effective document."""
    return pack.effective.operations[WRITE]


def test_a_sample_is_a_good_request(pack: Pack, run: Run) -> None:
    """What is made from the examples of an operation keeps its schemas; the vendored operation has enough of them."""
    made = [sample(operation, run, "label") for operation in pack.effective.operations.values()]
    assert WRITE in {each.operation.operation_id for each in made if each}
    for each in made:
        if each and each.media_type is not None:
            assert list(each.operation.bodies[each.media_type].violations(each.body)) == []


def test_equal_labels_name_the_same_record_and_others_another(write: Operation, run: Run) -> None:
    """Identifiers are a run's own, recognisable, and no longer than they need be."""
    first, again, other = (sample(write, run, label) for label in ("one", "one", "two"))
    assert first == again != other
    assert identifier(run, "one").startswith("understudy-")
    assert len(token(run, "one")) == 12


def test_a_sample_does_not_share_its_body_with_the_document(write: Operation, run: Run) -> None:
    """What a variant changes stays its own."""
    made = sample(write, run, "label")
    assert made is not None
    made.body.clear()
    fresh = sample(write, run, "label")
    assert fresh is not None
    assert fresh.body


def test_a_parameter_is_replaced_or_left_out(write: Operation, run: Run) -> None:
    """None leaves it out."""
    made = sample(write, run, "label")
    assert made is not None
    parameter = next(each for each in write.parameters if each.location == "header")
    assert made.with_parameter(parameter, "x").parameters["header"]["dataSubjectIdentifier"] == "x"
    assert made.with_parameter(parameter, None).parameters["header"] == {}


def test_header_text_goes_out_as_utf_8(write: Operation, run: Run) -> None:
    """A request keeps the Latin-1 reading of the bytes."""
    sent = Sample(write, {"header": {"dataSubjectIdentifier": "Ångström"}}, {}, "application/json")
    request = on_the_wire(sent, run, secret="t")
    assert (request.header("dataSubjectIdentifier") or "").encode("latin-1") == "Ångström".encode()


def test_an_authorization_of_its_own_goes_before_the_given_one(write: Operation, run: Run) -> None:
    """A scenario that says how it calls is not called otherwise."""
    sent = Sample(write, {"header": {"Authorization": "Basic x"}}, {}, "application/json")
    assert on_the_wire(sent, run, secret="t").header("authorization") == "Basic x"


@pytest.mark.parametrize(
    ("media_type", "body", "wire"),
    [
        ("application/json", {"a": "ø"}, '{"a": "ø"}'.encode()),
        ("application/json", None, b"null"),
        ("application/json", b"{", b"{"),
        ("application/json", "\ud800", b'"\xed\xa0\x80"'),
        ("application/x-www-form-urlencoded", {"a": "b c", "d": "&"}, b"a=b+c&d=%26"),
        ("text/plain", "plain", b"plain"),
    ],
)
def test_a_body_is_written_in_its_media_type(
    media_type: str, body: Json, wire: bytes, write: Operation, run: Run
) -> None:
    """Bytes go out as they are."""
    request = on_the_wire(Sample(write, {}, body, media_type), run, secret=None)
    assert (request.body, request.header("content-type")) == (wire, media_type)


def test_a_multipart_form_names_its_boundary(write: Operation, run: Run) -> None:
    """A part for each field."""
    request = on_the_wire(Sample(write, {}, {"a": "1", "b": "2"}, "multipart/form-data"), run, secret=None)
    assert request.header("content-type") == "multipart/form-data; boundary=understudy-boundary"
    assert (request.body or b"").count(b"--understudy-boundary") == 3


def test_an_operation_without_examples_has_no_sample(run: Run) -> None:
    """Rather none than an invented one."""
    needs = {"name": "x", "in": "query", "required": True, "schema": {"type": "string"}}
    document = Document({"paths": {"/{id}": {"get": {"operationId": "x", "parameters": [needs], "responses": {}}}}})
    assert sample(document.operations["x"], run, "label") is None


@pytest.mark.parametrize(
    ("more", "url"),
    [
        ({}, "/items?tag=a&tag=b+c"),
        ({"explode": False}, "/items?tag=a%2Cb+c"),
        ({"schema": {"type": "string"}}, "/items?tag=%5B%22a%22%2C+%22b+c%22%5D"),
    ],
)
def test_a_list_is_sent_as_its_parameter_is_declared(more: dict[str, Json], url: str, run: Run) -> None:
    """Item by item, in one text, or, where no list is meant, as the JSON that it is."""
    tag = {"name": "tag", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}, **more}
    get = {"operationId": "items", "parameters": [tag], "responses": {"200": {"description": "ok"}}}
    document = Document({"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {"/items": {"get": get}}})
    sent = Sample(document.operations["items"], {"query": {"tag": ["a", "b c"]}})
    assert on_the_wire(sent, run, secret=None).url == run.base_url + url


def test_no_cookie_is_sent_where_none_is_meant(write: Operation, run: Run) -> None:
    """Scenarios hand over every location, empty ones too."""
    sent = Sample(write, {"header": {"dataSubjectIdentifier": "x"}, "cookie": {}}, {}, "application/json")
    assert on_the_wire(sent, run, secret="t").header("cookie") is None
    sent = Sample(write, {"cookie": {"a": "1", "b": "2"}}, {}, "application/json")
    assert on_the_wire(sent, run, secret="t").header("cookie") == "a=1; b=2"
