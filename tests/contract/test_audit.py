"""An audit kills a deviation if a check names its rule, says which one did first, and lets no other pass for it."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from shutil import copytree

import pytest

from understudy import pack as packs
from understudy.contract import audit as auditing
from understudy.contract import fuzz
from understudy.contract.audit import Judged, audit, judge
from understudy.contract.stateful import machine
from understudy.model.call import Reply
from understudy.model.deviation import Deviation
from understudy.pack import Pack

Added = Callable[[Deviation], str]


@pytest.fixture
def onetrust() -> Pack:
    """Return a pack that a test may add to."""
    return packs.load("onetrust")


@pytest.fixture
def added(onetrust: Pack, monkeypatch: pytest.MonkeyPatch) -> Added:
    """Return what adds a deviation to OneTrust's, and makes runs short."""
    monkeypatch.setattr(machine, "SEQUENCES", 2)
    monkeypatch.setattr(machine, "FURTHER", 1)
    monkeypatch.setattr(fuzz, "EXAMPLES", 2)

    def add(deviation: Deviation) -> str:
        onetrust.deviations.add(deviation)
        return deviation.name

    return add


def test_a_deviation_is_killed_by_the_checks_that_name_its_rule(added: Added, onetrust: Pack) -> None:
    """The first one, its time and the techniques that would do alone are told."""
    name = "takes-OT-AUTH-1"
    judged = judge(onetrust, name, 7, 10)
    assert (judged.killed, judged.rule, judged.error) == (True, "OT-AUTH-1", "")
    assert judged.first == "access[createOrUpdateDataSubjectUsingPOST]"
    assert set(judged.by) >= {"probes", "scenarios"}
    assert "schemathesis" not in judged.by
    assert 0 < judged.after <= judged.seconds


def test_what_one_check_has_found_the_others_are_spared(added: Added, onetrust: Pack) -> None:
    """With `first`, which then says nothing of what they would have found."""
    judged = judge(onetrust, "takes-OT-AUTH-1", 7, 10, first=True)
    assert (judged.by, judged.first) == (("probes",), "access[createOrUpdateDataSubjectUsingPOST]")


def test_a_deviation_that_changes_nothing_survives(added: Added, onetrust: Pack) -> None:
    """A judge that finds fault with it would find fault with anything."""
    judged = judge(onetrust, added(Deviation("nothing", "OT-ID-1", "Does nothing.")), 7, 600)
    assert (judged.killed, judged.by, judged.named, judged.first) == (False, (), (), "")
    assert judged.error == ""
    assert judged.requests > 700


def test_another_rule_than_the_broken_one_does_not_kill(added: Added, onetrust: Pack) -> None:
    """Unless it is said to break with it; what was named is told."""
    crash = Deviation("crash", "OT-ID-1", "Crashes.", send=lambda reply, _: Reply(500) if reply.status < 300 else reply)
    judged = judge(onetrust, added(crash), 7, 10)
    assert not judged.killed
    assert "OT-STATUS-1" in judged.named
    beside = Deviation("beside", "OT-ID-1", "Crashes.", beside=("OT-STATUS-1",), send=crash.send)
    assert judge(onetrust, added(beside), 7, 10).killed


def test_the_fingerprint_is_the_vendors_and_the_names() -> None:
    """Whatever a run made of it."""
    one, other = Judged("a", "x", "R", "t"), Judged("a", "x", "R", "u", by=("model",))
    assert one.fingerprint == other.fingerprint != Judged("b", "x", "R", "t").fingerprint
    assert len(one.fingerprint) == 16


def test_processes_are_renewed_while_deviations_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """What many runs have left in one's memory goes with it."""
    monkeypatch.setattr(auditing, "RENEWED", 2)
    opened: list[ProcessPoolExecutor] = []

    def open_(real: Callable[[], ProcessPoolExecutor] = auditing._Lane._opened) -> ProcessPoolExecutor:
        opened.append(real())
        return opened[-1]

    monkeypatch.setattr(auditing._Lane, "_opened", staticmethod(open_))
    names = ["takes-OT-AUTH-1", "takes-OT-AUTH-2", *(f"takes-OT-BODY-{number}" for number in (1, 2, 3, 5))]
    found = list(audit([("onetrust", name) for name in names], 7, 10, 2, first=True))
    assert sorted(each.deviation for each in found if each.killed) == names
    assert len(opened) >= 3


KILLS = """

@deviations.play("OT-ID-1")
def kills(call, state, play):
    '''Ends its process.'''
    __import__("os").kill(__import__("os").getpid(), 9)
"""


def test_a_deviation_whose_process_dies_is_told_and_the_others_are_judged(
    onetrust: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that takes all of the machine's memory does."""
    for folder in ("specs", "mock", "contracts"):
        copytree(onetrust.root / folder, tmp_path / folder)
    with (tmp_path / "contracts" / "onetrust" / "deviations.py").open("a") as file:
        file.write(KILLS)
    monkeypatch.chdir(tmp_path)
    names = ["takes-OT-AUTH-1", "kills", "takes-OT-AUTH-2"]
    found = list(audit([("onetrust", name) for name in names], 7, 10, 2, first=True))
    assert sorted((each.deviation, each.killed, each.error) for each in found) == [
        ("kills", False, "its process died: out of memory, or killed"),
        ("takes-OT-AUTH-1", True, ""),
        ("takes-OT-AUTH-2", True, ""),
    ]
