"""Endpoints that keep every documented sentence, each in its own way, conform."""

import pytest

from tests.e2e.conftest import Verify
from tests.e2e.freedoms import MIXES, Terse, Unprocessable
from tests.e2e.servers import Endpoint

WHOLE = [
    name
    for name in MIXES
    if name == "plain" or {"ListedErrors", "Talkative", "Unprocessable", "AnyValue", "ListsAlone"} & {*name.split("+")}
]
"""Freedoms that requests made up by Schemathesis could trip over."""


@pytest.mark.parametrize("name", [name for name in MIXES if name not in WHOLE])
def test_what_the_document_leaves_open_is_no_finding(name: str, verify_briefly: Verify) -> None:
    """Neither probes nor scenarios nor sequences of calls find fault with an endpoint that uses freedoms."""
    judged = verify_briefly(MIXES[name](), "-k", "not fuzz")
    assert (judged.report["findings"], judged.exit_code) == ([], 0), judged.said


@pytest.mark.parametrize("name", WHOLE)
def test_an_endpoint_that_uses_freedoms_conforms(name: str, verify_briefly: Verify) -> None:
    """A whole run finds nothing either, and the verdict is not narrowed."""
    judged = verify_briefly(MIXES[name]())
    assert judged.report["findings"] == [], judged.said
    assert (judged.report["verdict"], judged.exit_code) == ("conforms", 0)


def test_a_refusal_with_422_is_a_remark(verify: Verify) -> None:
    """Another 4xx than the declared ones is told, and counts for nothing."""
    judged = verify(Unprocessable(), "-k", "constraints")
    assert any("refuses a request with 422" in remark["title"] for remark in judged.report["remarks"])
    assert judged.exit_code == 0


def test_what_the_endpoint_does_not_show_is_not_exercised(verify_briefly: Verify) -> None:
    """Rules on `id` and `elements` are neither passed nor failed where the answers leave both out."""
    judged = verify_briefly(Terse(), "-k", "not fuzz")
    for rule in ("OT-ANSWER-6", "OT-ANSWER-8", "OT-ANSWER-9", "OT-ID-1", "OT-LINK-2"):
        assert (rule, judged.outcome(rule)) == (rule, "not-exercised")
        assert judged.reason(rule)


def test_the_token_may_be_had_by_a_client(verify: Verify) -> None:
    """With --client-id and --client-secret the run gets its own token."""
    endpoint = Endpoint()
    judged = verify(
        endpoint, "-k", "constraints", "--client-id", "the-client", "--client-secret", 'se/c"ret+91d2', token=None
    )
    assert (judged.exit_code, len(endpoint.minted)) == (0, 1)
