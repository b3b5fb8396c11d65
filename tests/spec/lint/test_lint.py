"""lint as a whole: correct documents, each contradiction that is known of the vendors' documents, fingerprints."""

import json
import re
from pathlib import Path

import pytest

from tests.spec.lint.conftest import document, findings
from understudy import pack as packs
from understudy.spec.lint import CHECKS, lint, read
from understudy.spec.source import parse
from understudy.values import Json

HERE = Path(__file__).parent
WRITE = "/paths/~1api~1consentmanager~1v1~1datasubjects~1dataelements/post"
DTO = "/components/schemas/ConsentPreferences-UniversalConsentPreferenceManag_"
HEADERS = f"{WRITE}/responses/429/headers"
UPDATE = "/paths/~1v1~1users~1{identifyId}/put"
EXAMPLE = f"{UPDATE}/requestBody/content/application~1json/example"


@pytest.mark.parametrize("name", ["bookshop.yaml", "parcels.yaml"])
def test_a_correct_document_has_no_finding(name: str) -> None:
    """A false alarm is a defect."""
    assert lint(read(HERE / name)) == []


KNOWN = [
    ("onetrust", "example-against-schema", f"{DTO}DataSubjectElementDTO/properties/value/example"),
    ("onetrust", "keyword-without-effect", f"{DTO}DataSubjectElementDTO/properties/value/maxLength"),
    ("onetrust", "prose-against-schema", f"{WRITE}/description"),
    ("onetrust", "prose-not-json", f"{WRITE}/description"),
    ("onetrust", "schema-without-type", f"{DTO}DataSubjectElementDTO"),
    ("onetrust", "schema-without-type", f"{DTO}AdditionalIdInvalidScenariosDto"),
    ("onetrust", "format-without-type", f"{HEADERS}/Retry-After/schema/format"),
    ("onetrust", "format-without-type", f"{HEADERS}/ot-ratelimit-event-id/schema/format"),
    ("onetrust", "format-without-type", f"{HEADERS}/ot-request-made/schema/format"),
    ("onetrust", "format-without-type", f"{HEADERS}/ot-requests-allowed/schema/format"),
    ("onetrust", "enum-without-type", f"{HEADERS}/ot-period/schema/enum"),
    ("onetrust", "error-body-missing", f"{WRITE}/responses/400"),
    ("onetrust", "error-body-missing", f"{WRITE}/responses/401"),
    ("onetrust", "error-body-missing", f"{WRITE}/responses/403"),
    ("onetrust", "error-body-missing", f"{WRITE}/responses/500"),
    ("onetrust", "refusals-left-out", f"{WRITE}/responses"),
    ("gainsight_px", "body-on-bodiless-status", f"{UPDATE}/responses/204/content"),
    ("gainsight_px", "example-against-schema", "/components/schemas/Location/properties/postalCode/example"),
    ("gainsight_px", "example-against-schema", "/components/schemas/InferredLocation/properties/postalCode/example"),
    ("gainsight_px", "example-against-schema", f"{EXAMPLE}/location/postalCode"),
    ("gainsight_px", "example-against-schema", f"{EXAMPLE}/lastInferredLocation/postalCode"),
    ("gainsight_px", "error-body-missing", f"{UPDATE}/responses/401"),
    ("gainsight_px", "error-body-missing", f"{UPDATE}/responses/404"),
    ("gainsight_px", "error-body-missing", f"{UPDATE}/responses/429"),
    ("gainsight_px", "unauthorized-without-security", f"{UPDATE}/responses/401"),
]


@pytest.mark.parametrize(("vendor", "check", "pointer"), KNOWN)
def test_a_known_contradiction_is_found(vendor: str, check: str, pointer: str) -> None:
    """With its line, in the vendored document as it is."""
    found = [each for each in lint(packs.load(vendor).source) if (each.check, each.pointer) == (check, pointer)]
    assert found
    source = packs.load(vendor).source
    assert all(each.where.line == source.line(pointer) and each.where.line for each in found)


@pytest.mark.parametrize("vendor", ["onetrust", "gainsight_px"])
def test_nothing_else_is_found(vendor: str) -> None:
    """What the vendors' documents are found guilty of is known, all of it."""
    known = {(check, pointer) for name, check, pointer in KNOWN if name == vendor}
    assert {(each.check, each.pointer) for each in lint(packs.load(vendor).source)} == known


def test_each_of_the_lists_in_prose_is_found() -> None:
    """Three blocks, each with comments and a list where the schema has an object."""
    found = [each for each in lint(packs.load("onetrust").source) if each.check.startswith("prose-")]
    assert [each.message.partition(" (")[0] for each in found] == [f"JSON block {n}" for n in (1, 2, 3)] * 2


def test_the_note_on_refusals_names_them() -> None:
    """Those of HTTP."""
    (note,) = [each for each in lint(packs.load("onetrust").source) if each.check == "refusals-left-out"]
    assert (note.level, "404, 405, 413, 415" in note.message) == ("note", True)


def wrong() -> Json:
    """Return a document with a wrong example in a parameter and in a schema."""
    parameters = [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
        {"name": "q", "in": "query", "schema": {"type": "string"}, "example": 1},
    ]
    return document(operation={"parameters": parameters}, schemas={"A": {"type": "string", "example": 1}})


def test_fingerprints_stay_where_lines_files_and_orders_change() -> None:
    """They name the place by what stands there."""
    value = wrong()
    before = {each.fingerprint for each in findings(value)}
    value["paths"]["/things/{id}"]["post"]["parameters"].reverse()
    moved = {"x-first": "\n" * 3, **value}
    after = lint(parse(Path("elsewhere") / "other.json", json.dumps(moved, indent=3).encode()))
    assert {each.fingerprint for each in after} == before
    assert len(before) == 2
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in before)


def test_a_finding_has_its_line() -> None:
    """In YAML as in JSON."""
    (finding,) = lint(parse(Path("a.yaml"), b"openapi: 3.0.3\ninfo: {title: t, version: '1'}\nx: 1\npaths: {}\ny: 2\n"))
    assert finding.check == "structure"
    lines = [each.where.line for each in findings(wrong())]
    text = json.dumps(wrong(), indent=1).splitlines()
    assert all('"example": 1' in text[line - 1] for line in lines if line is not None)


def test_checks_have_ids_of_words_and_a_sentence() -> None:
    """No two alike."""
    ids = [check.id for check in CHECKS]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[a-z]+(-[a-z]+)*", each) for each in ids)
    assert all(re.fullmatch(r"[A-Z0-9`][^\n]+\.", check.text) for check in CHECKS)


def test_no_vendor_is_named_in_the_checks() -> None:
    """The engine knows none."""
    folder = HERE.parents[2] / "src" / "understudy" / "spec" / "lint"
    text = "".join(path.read_text().lower() for path in folder.glob("*.py"))
    assert [vendor for vendor in packs.names() if vendor in text] == []
