"""What the engine derives from rules and a document alone breaks just what it says."""

from pathlib import Path
from typing import Any

import pytest

from understudy.model.behaviour import Refusal
from understudy.model.call import ABSENT, Reply
from understudy.model.derived import derived
from understudy.model.deviation import Deviation
from understudy.spec.document import Document
from understudy.spec.rules import Rules, load

THING = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "name": {"type": "string", "maxLength": 3},
        "kind": {"enum": ["a"]},
        "tags": {"type": "array", "maxItems": 2},
        "size": {"type": ["integer", "null"], "minimum": 0},
    },
}
BODY: dict[str, Any] = {"id": "1", "name": "A", "kind": "a", "tags": ["x"], "size": 5}
OK = "/paths/~1a/put/responses/200"
SCHEMA = "/components/schemas/Thing"


def rules(folder: Path, *entries: tuple[str, str, str]) -> Rules:
    """Return rules given as part, citation and level."""
    lines = ["rules:"]
    for number, (part, pointer, level) in enumerate(entries, 1):
        lines.append(f"  - {{id: T-{number}, text: A rule of the toy., basis: documented, level: {level}, ")
        lines.append(f"     operation: put, part: {part}, citation: {{pointer: '{pointer}'}}}}")
    (folder / "rules.yaml").write_text("\n".join(lines) + "\n")
    return load(folder / "rules.yaml")


def document() -> Document:
    """Return a document of one operation."""
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
    headers = {"X-Version": {"required": True, "schema": {"type": "string"}}}
    put = {
        "operationId": "put",
        "security": [{"key": ["WRITE"]}],
        "requestBody": {"content": content},
        "responses": {
            "200": {"description": "Done.", "content": content, "headers": headers},
            "401": {"description": "No."},
        },
    }
    scheme = {"key": {"type": "apiKey", "in": "header", "name": "K"}}
    return Document(
        {
            "openapi": "3.1.0",
            "info": {"title": "T", "version": "1"},
            "paths": {"/a": {"put": put}},
            "components": {"schemas": {"Thing": THING}, "securitySchemes": scheme},
        }
    )


def one(folder: Path, part: str, pointer: str, level: str = "must") -> Deviation | None:
    """Return what is derived from a single rule."""
    made = {each.name: each for each in derived(document(), rules(folder, (part, pointer, level))) if each.rule}
    assert len(made) <= 1
    return next(iter(made.values()), None)


@pytest.mark.parametrize(
    ("keyword", "changed"),
    [
        ("required", {"kind": "a", "tags": ["x"], "size": 5}),
        ("required/0", {key: value for key, value in BODY.items() if key != "id"}),
        ("properties/id/format", {**BODY, "id": "understudy"}),
        ("properties/id/type", {**BODY, "id": {"understudy": 1}}),
        ("properties/name/maxLength", {**BODY, "name": "xxxx"}),
        ("properties/kind/enum", {**BODY, "kind": "understudy"}),
        ("properties/tags/type", {**BODY, "tags": {"understudy": 1}}),
        ("properties/tags/maxItems", {**BODY, "tags": ["x", "x", "x"]}),
        ("properties/size/type", {**BODY, "size": {"understudy": 1}}),
        ("properties/size/minimum", {**BODY, "size": -1}),
    ],
)
def test_the_keyword_that_a_rule_cites_is_broken_in_answers(keyword: str, changed: Any, tmp_path: Path) -> None:
    """And nothing else; other answers stay."""
    made = one(tmp_path, "answer", f"{SCHEMA}/{keyword}")
    assert made is not None
    assert made.name == "breaks-T-1"
    assert made.sent(Reply(200, BODY), "put").body == changed
    assert made.sent(Reply(401, BODY), "put").body == BODY
    assert made.sent(Reply(200, ABSENT), "put").body is ABSENT
    assert not document().operations["put"].response(200).content["application/json"].is_valid(changed)  # type: ignore[union-attr]


def test_a_rule_on_the_form_of_answers_is_broken_by_html(tmp_path: Path) -> None:
    """Successes alone."""
    made = one(tmp_path, "answer", SCHEMA)
    assert made is not None
    assert made.sent(Reply(200, BODY), "put").media_type == "text/html"
    assert made.sent(Reply(401, BODY), "put").media_type == "application/json"


def test_a_rule_on_statuses_is_broken_by_one_that_is_not_declared(tmp_path: Path) -> None:
    """A success still."""
    made = one(tmp_path, "answer", "/paths/~1a/put/responses")
    assert made is not None
    assert made.sent(Reply(200, BODY), "put").status == 203
    assert made.sent(Reply(401), "put").status == 401


def test_what_a_rule_refuses_is_taken(tmp_path: Path) -> None:
    """Refusals by other rules stay."""
    made = one(tmp_path, "body", f"{SCHEMA}/required")
    assert made is not None
    assert made.refused(Refusal(400, "no", ("T-1", "T-9")), "put") is None
    other = Refusal(400, "no", ("T-9",))
    assert made.refused(other, "put") is other


def test_a_credential_that_a_rule_opens_for_is_refused(tmp_path: Path) -> None:
    """Where a 401 says by itself what no credential gets."""
    made = one(tmp_path, "security", "/paths/~1a/put/security")
    assert made is not None
    assert (made.name, made.sent(Reply(200, BODY), "put").status) == ("shuts-T-1", 403)
    assert made.sent(Reply(401), "put").status == 401


@pytest.mark.parametrize(
    ("part", "pointer", "level"),
    [
        ("routing", "/paths/~1a/put", "must"),
        ("security", "/paths/~1a/put/security/0", "must"),
        ("body", SCHEMA, "should"),
    ],
)
def test_of_other_rules_nothing_is_derived(part: str, pointer: str, level: str, tmp_path: Path) -> None:
    """They do not bind, or only the pack knows what breaking them means."""
    assert one(tmp_path, part, pointer, level) is None


def test_every_operation_can_answer_wrongly(tmp_path: Path) -> None:
    """By status, crash, HTML, half a body, and a header that is gone."""
    made = {each.name: each for each in derived(document(), rules(tmp_path, ("routing", "/paths/~1a/put", "must")))}
    assert set(made) == {"status-put", "crash-put", "html-put", "cut-put", "no-x-version-put"}
    good = Reply(200, BODY, headers=(("X-Version", "1"), ("ETag", "e")))
    assert made["status-put"].sent(good, "put").status == 203
    assert made["crash-put"].sent(good, "put").status == 500
    assert made["html-put"].sent(good, "put").media_type == "text/html"
    assert made["cut-put"].sent(good, "put").body == b'{"understudy": ["'
    assert made["no-x-version-put"].sent(good, "put").headers == (("ETag", "e"),)
