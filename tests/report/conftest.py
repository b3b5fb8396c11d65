"""One sample report, as a run against a target with faults makes it, and variations of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from understudy.contract.evidence import Outcome
from understudy.contract.verdict import (
    Finding,
    ItemResult,
    OperationCoverage,
    Report,
    RuleOutcome,
    StatusCount,
    Verdict,
)

FILE = "specs/onetrust/openapi.json"

RULES = (
    RuleOutcome(
        id="OT-LINK-1",
        basis="documented",
        level="must",
        text="The answer to a link request names the identifiers that were linked.",
        citation=f"{FILE}:412",
        outcome=Outcome.PASSED,
        checks=("scenario", "response"),
    ),
    RuleOutcome(
        id="OT-LINK-3",
        basis="documented",
        level="must",
        text="Linking an identifier that another data subject owns is refused with 409.",
        citation=f"{FILE}:431",
        outcome=Outcome.FAILED,
        checks=("scenario", "fuzz"),
    ),
    RuleOutcome(
        id="OT-RATE-2",
        basis="documented",
        level="should",
        text="A 429 carries `Retry-After` in seconds.",
        citation=f"{FILE}:77",
        outcome=Outcome.REMARK,
        checks=("limits",),
    ),
    RuleOutcome(
        id="OT-AUTH-4",
        basis="documented",
        level="must",
        text="A token without the write scope is refused with 403.",
        citation=f"{FILE}:58",
        outcome=Outcome.NOT_EXERCISED,
        reason="needs a restricted credential; give --restricted-token",
    ),
)

FINDING = Finding(
    fingerprint="3f0c9d1b2a4e5f60",
    rule="OT-LINK-3",
    operation="linkIdentifiers",
    title="An identifier that another data subject owns was linked",
    expected="409 with a body that says which identifier is taken",
    actual='200 OK\ncontent-type: application/json\n\n{"linked": ["a@example.org"]}',
    curl="curl -sS -i -X POST 'https://api.example.com/v1/datasubjects/links?dry=false' "
    "-H \"Authorization: Bearer $UNDERSTUDY_TOKEN\" -H 'Content-Type: application/json' "
    '--data-binary \'{"identifiers": ["a@example.org", "b@example.org"]}\'',
    citation={"file": FILE, "line": 431, "pointer": "/paths/~1v1~1datasubjects~1links/post/responses/409"},
    check="scenario",
    item="contracts/onetrust/links.arazzo.yaml::link-taken",
    count=3,
)

REMARK = Finding(
    fingerprint="00aa11bb22cc33dd",
    rule="OT-RATE-2",
    operation="listDataSubjects",
    title="A 429 came without Retry-After",
    expected="Retry-After: <seconds>",
    actual="429 Too Many Requests, no Retry-After",
    curl="curl -sS -i -X GET https://api.example.com/v1/datasubjects",
    citation={"file": FILE, "line": 77, "pointer": "/paths/~1v1~1datasubjects/get/responses/429"},
    check="limits",
    item="limits::listDataSubjects",
)

OPERATIONS = (
    OperationCoverage(
        operation_id="linkIdentifiers",
        method="post",
        path="/v1/datasubjects/links",
        statuses=(StatusCount(200, True, 34), StatusCount(409, True, 0), StatusCount(418, False, 2)),
    ),
    OperationCoverage(
        operation_id="listDataSubjects",
        method="get",
        path="/v1/datasubjects",
        statuses=(StatusCount(200, True, 120), StatusCount(401, True, 4), StatusCount(429, True, 6)),
    ),
)

ITEMS = (
    ItemResult(
        "links.arazzo.yaml::link-taken",
        "scenario",
        "failed",
        0.412,
        "OT-LINK-3: an identifier was linked\nsee report.json",
    ),
    ItemResult("fuzz::listDataSubjects", "fuzz", "passed", 8.25),
    ItemResult("auth::restricted", "auth", "skipped", 0.001, "needs a restricted credential"),
)

REPORT = Report(
    verdict=Verdict.VIOLATES,
    vendor="onetrust",
    target="https://api.example.com",
    scope="core",
    seed=42,
    started="2026-03-02T14:05:11+00:00",
    seconds=12.345678,
    requests=1234,
    version="0.1.0",
    document={
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "title": "Consent & Preferences",
        "version": "1.0",
    },
    rules=RULES,
    operations=OPERATIONS,
    findings=(FINDING,),
    remarks=(REMARK,),
    items=ITEMS,
)


@pytest.fixture
def sample() -> Callable[..., Report]:
    """Return a function that gives the sample report with some of its fields changed."""

    def sample_with(**changes: Any) -> Report:
        return replace(REPORT, **changes)

    return sample_with


@pytest.fixture
def hostile() -> Callable[[str], Report]:
    """Return a function that gives a report with one text wherever a target or a document can put text."""

    def hostile_with(text: str) -> Report:
        finding = replace(
            FINDING, rule=None, operation=text, title=text, expected=text, actual=text, curl=text, item=text, check=text
        )
        return replace(
            REPORT,
            vendor=text,
            target=text,
            reason=text,
            started=text,
            document={"sha256": text, "title": text, "version": text},
            rules=tuple(replace(rule, text=text, reason=text, citation=text, checks=(text,)) for rule in RULES),
            operations=(OperationCoverage(text, text, text, (StatusCount(200, True, 1),)),),
            findings=(finding, replace(FINDING, title=text, actual=text)),
            remarks=(replace(finding, citation={"file": text, "line": 1, "pointer": text}),),
            items=(ItemResult(text, text, "failed", 1.0, text), ItemResult(text, text, text, 1.0, text)),
        )

    return hostile_with
