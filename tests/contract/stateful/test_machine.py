"""Sequences of calls on endpoints of our own: what the model alone finds, and that it finds nothing on good ones."""

from collections import Counter
from contextlib import suppress
from itertools import cycle

import pytest

from tests.contract.stateful.playing import Explore, outcomes
from tests.e2e.consentgrid.servers import Register
from tests.e2e.faults import CASES
from tests.e2e.freedoms import Apart, Catalogue, Flat, Keeping, OneIdentifier, Sparing, Unmarked
from tests.e2e.servers import FULL, READ, Endpoint, Subject
from tests.e2e.serving import Answer, Bad, Call, Json, running
from tests.mock.exchange import served
from understudy import credentials
from understudy import pack as packs
from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.stateful import machine
from understudy.contract.stateful.plans import Plan, Plans
from understudy.contract.stateful.sequence import RESTRICTED, UNKNOWN
from understudy.contract.target import Credentials
from understudy.errors import TargetError
from understudy.mock.settings import Settings
from understudy.model.slots import Slot

NESTED = {"CG-NEST-1", "CG-NULL-1"}
"""Inferred rules on what objects inside of fields come to."""


@pytest.fixture(autouse=True)
def sequences_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No surveys, and few sequences."""
    monkeypatch.setattr(machine, "SURVEYED", 0.0)
    monkeypatch.setattr(machine, "CROWDED", 0.0)
    monkeypatch.setattr(machine, "SEQUENCES", 40)


@pytest.mark.parametrize("vendor", packs.names())
@pytest.mark.parametrize("scope", packs.SCOPES)
def test_a_mock_agrees_with_its_own_model(vendor: str, scope: str, explore: Explore) -> None:
    """No finding and no remark, and documented rules among what has passed."""
    with served(packs.load(vendor), Settings(strict=True)) as url:
        client = explore(url, vendor, scope, Credentials(credentials.FULL, credentials.READ))
    assert [f"{each.rule}: {each.title}" for each in outcomes(client, Outcome.FAILED)] == []
    assert {each.rule for each in outcomes(client, Outcome.REMARK)} == set()
    if (vendor, scope) != ("gainsight_px", "core"):  # there, users who are not there are all that can be updated
        assert len({each.rule for each in outcomes(client, Outcome.PASSED)}) > 1


@pytest.mark.parametrize(("record", "merge"), [("flat", "deep"), ("envelope", "shallow")])
def test_what_the_documents_leave_open_is_no_finding(record: str, merge: str, explore: Explore) -> None:
    """Another form of the record, another depth of merging: at most a remark."""
    switches = {"consentgrid": {"record": record, "merge": merge}}
    with served(packs.load("consentgrid"), Settings(switches=switches)) as url:
        client = explore(url, "consentgrid", "core", Credentials(credentials.FULL, credentials.READ))
    assert outcomes(client, Outcome.FAILED) == []
    assert {each.rule for each in outcomes(client, Outcome.REMARK)} <= NESTED
    assert merge == "deep" or outcomes(client, Outcome.REMARK) == []


def nested(piece: Evidence) -> bool:
    """Whether it is seen how deep the target merges, which ends the run."""
    return piece.rule == "CG-NEST-1" and piece.outcome is not Outcome.PASSED


@pytest.mark.parametrize(("told", "remarked"), [({}, True), ({"merge": "deep"}, False)])
def test_how_a_target_reads_what_is_open_changes_what_is_expected(
    told: dict[str, str], remarked: bool, explore: Explore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A setting of the target's is the model's as well: what it chooses is no remark then.

    The seed is the same, and so both are sent the call that is remarked, with which the first run ends.
    """
    monkeypatch.setattr(machine, "SEQUENCES", 150)
    with served(packs.load("consentgrid"), Settings(switches={"consentgrid": {"merge": "deep"}})) as url:
        granted = Credentials(credentials.FULL, credentials.READ)
        client = explore(url, "consentgrid", "core", granted, nested, switches=told)
    assert outcomes(client, Outcome.FAILED) == []
    assert ("CG-NEST-1" in {each.rule for each in outcomes(client, Outcome.REMARK)}) is remarked


@pytest.mark.parametrize(
    ("endpoint", "seed"),
    [
        *((each, 5) for each in (Catalogue, OneIdentifier, Flat, Sparing, Unmarked)),
        *((each, seed) for each in (Apart, Keeping) for seed in (2, 3, 5)),
    ],
)
def test_a_conforming_endpoint_has_no_finding(endpoint: type[Endpoint], seed: int, explore: Explore) -> None:
    """Though it chooses another way where the document is silent."""
    with running(endpoint()) as url:
        client = explore(url, "onetrust", "core", Credentials(FULL, READ), seed=seed)
    assert [f"{each.rule}: {each.title}: {each.actual}" for each in outcomes(client, Outcome.FAILED)] == []


@pytest.mark.parametrize(
    ("name", "rule", "calls"),
    [
        ("200-on-create", "OT-CREATE-1", 1),
        ("201-on-update", "OT-UPDATE-1", 2),
        ("new-id-on-update", "OT-ID-1", 2),
    ],
)
def test_the_model_alone_finds_a_fault_and_makes_its_sequence_short(
    name: str, rule: str, calls: int, explore: Explore
) -> None:
    """The rule is named, and the curl lines are the whole sequence."""
    with running(CASES[name].make()) as url:
        client = explore(url, "onetrust", "core", Credentials(FULL, READ))
    found = {each.rule: each.curl.splitlines() for each in outcomes(client, Outcome.FAILED)}
    assert rule in found
    assert 1 <= len(found[rule]) <= calls
    assert all(line.startswith("curl ") for line in found[rule])


def test_a_run_repeats_with_its_seed(explore: Explore, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many requests with the same statuses."""
    monkeypatch.setattr(machine, "SEQUENCES", 20)
    seen = []
    for _ in range(2):
        with running(Endpoint()) as url:
            client = explore(url, "onetrust", "core", Credentials(FULL, READ), seed=11)
        seen.append((client.requests, client.statuses.total(), dict(client.statuses)))
    assert seen[0] == seen[1]


def test_a_target_that_is_gone_ends_the_sequences(explore: Explore) -> None:
    """With the error that says so, and without trying on."""
    with running(Endpoint()) as url:
        pass
    with pytest.raises(TargetError, match="cannot reach"):
        explore(url, "onetrust", "core", Credentials(FULL, READ))


class OpensToReaders(Register):
    """Whoever may read may update too, if the option is named."""

    def forbidden(self, call: Call, *names: str) -> Answer:
        if call.who and call.method == "PATCH" and call.asked("saveOption") == "merge":
            with suppress(Bad):
                return self.done(call, *names)
        return super().forbidden(call, *names)


class OpensToAnybody(Register):
    """Whoever sends no key may update a subject that has been updated before."""

    def forbidden(self, call: Call, *names: str) -> Answer:
        found = self.find((names[0], names[1])) if len(names) > 1 else None
        if not call.who and found is not None and found.updates:
            with suppress(Bad):
                return self.done(call, *names)
        return super().forbidden(call, *names)


def opened(piece: Evidence) -> bool:
    """Whether it is found that somebody was let in, which ends the run."""
    return piece.outcome is Outcome.FAILED and piece.title in (RESTRICTED, UNKNOWN)


@pytest.mark.parametrize(
    ("register", "title", "rule"),
    [(OpensToReaders, RESTRICTED, "CG-AUTH-6"), (OpensToAnybody, UNKNOWN, "CG-AUTH-3")],
)
def test_a_call_that_is_closed_to_its_caller_is_no_good_call(
    register: type[Register], title: str, rule: str, explore: Explore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the probe's one request is refused: the rule that closes it is missed."""
    monkeypatch.setattr(machine, "SEQUENCES", 150)
    with running(register()) as url:
        client = explore(url, "consentgrid", "core", Credentials(Register.full, Register.read), opened)
    found = {(each.rule, each.title) for each in outcomes(client, Outcome.FAILED)}
    assert found == {(rule, title)}


class ThirdTimeNothing(Endpoint):
    """From the third update on, elements that come without `linked` keep their old values."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: Counter[str] = Counter()

    def write(self, identifier: str, body: dict[str, Json]) -> Answer:
        self.writes[identifier] += 1
        found = self.subjects.get(identifier)
        known = found.elements if found is not None and self.writes[identifier] > 3 else {}
        elements = [each for each in body.get("dataElements", []) if "linked" in each or each["name"] not in known]
        return super().write(identifier, body | ({"dataElements": elements} if "dataElements" in body else {}))


def test_the_plainest_update_is_compared(explore: Explore, monkeypatch: pytest.MonkeyPatch) -> None:
    """An element with a name and a value alone has the value that was sent."""
    monkeypatch.setattr(machine, "SEQUENCES", 150)
    with running(ThirdTimeNothing()) as url:
        client = explore(url, "onetrust", "core", Credentials(FULL, READ))
    assert "OT-UPDATE-2" in {each.rule for each in outcomes(client, Outcome.FAILED)}


class Shares(Endpoint):
    """Lets subjects share an additional identifier, which the document leaves open, and links by the value alone.

    Its fault shows only once they do: unlinking one subject's identifiers unlinks the others' that are the same.
    """

    def unlink(self, subject: Subject, element: Json) -> None:
        """Unlink."""
        for other in self.subjects.values() if element else ():
            same = other.elements.get(element["name"])
            if same and same.get("value") == element.get("value"):
                same["linked"] = False
        super().unlink(subject, element)


def test_the_model_goes_on_as_the_target_does_where_the_document_is_silent(
    explore: Explore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two subjects come to share an identifier, against an inferred rule; what breaks a documented one later shows."""
    phone = {"name": "Phone", "value": [Slot(3)]}
    monkeypatch.setattr(Plans, "creation", lambda *_: _write(0, {**phone, "linked": True}))
    later = cycle([_write(1, {**phone, "linked": True}), _write(1, {"name": "Phone", "linked": True, "value": []})])
    monkeypatch.setattr(Plans, "call", lambda *_: next(later))
    with running(Shares()) as url:
        client = explore(url, "onetrust", "core", Credentials(FULL, READ))
    assert {each.rule for each in outcomes(client, Outcome.REMARK)} == {"OT-LINK-9"}
    assert {each.rule for each in outcomes(client, Outcome.FAILED)} == {"OT-LINK-5"}


def _write(number: int, element: Json) -> Plan:
    where = {"header": {"dataSubjectIdentifier": Slot(number)}}
    return Plan("createOrUpdateDataSubjectUsingPOST", where, {"dataElements": [element]}, "application/json")
