"""What repeats a finding: the calls that it rests on, and none that have nothing to do with it."""

import json
import re
import subprocess
from dataclasses import replace
from urllib.parse import parse_qsl

import pytest

from tests.contract.conftest import WRITE, Connect
from tests.e2e.breaking import status
from tests.e2e.servers import FULL, Endpoint
from tests.e2e.serving import Answer, Call, running
from understudy import pack as packs
from understudy.contract import fuzz, scenarios
from understudy.contract.client import Client
from understudy.contract.evidence import Outcome
from understudy.contract.exchange import Exchange, Request, Response
from understudy.contract.judge import Judge
from understudy.contract.probes import Prober
from understudy.contract.target import Credentials, Run
from understudy.contract.trail import LONGEST, Trail
from understudy.pack import Pack
from understudy.values import Json

SECRET = "the/secret \"+'1'"
"""With signs that forms, JSON and a shell write in ways of their own."""
ADA, BOB = "understudy-ada", "understudy-bob"


@pytest.fixture
def trail(pack: Pack) -> Trail:
    """Return a trail on which nothing is yet."""
    return Trail("understudy-", pack.effective.operations)


def called(
    identifier: str, body: Json = None, *, method: str = "POST", status: int = 200, answer: Json = None
) -> Exchange:
    """Return a call that names a record in its header, by a token that begins like any identifier, and its answer."""
    headers = (("dataSubjectIdentifier", identifier), ("Authorization", "Bearer understudy-full"))
    request = Request(method, "http://x.test/a", headers, json.dumps(body).encode())
    return Exchange(request, Response(status, (), json.dumps(answer).encode()), 0.0, WRITE)


def told(trail: Trail, *calls: Exchange) -> list[str]:
    """Return what repeats the last of the calls."""
    for call in calls:
        trail.note(call)
    return trail.told(calls[-1]).splitlines()


def lines(*calls: Exchange) -> list[str]:
    return [call.request.curl() for call in calls]


def test_a_call_rests_on_those_that_wrote_its_record(trail: Trail) -> None:
    """Not on other records' calls, on reads, nor on what was refused, which changed nothing."""
    made, other, read = called(ADA, 1), called(BOB, 2), called(ADA, 3, method="GET")
    refused, changed, last = called(ADA, 4, status=400), called(ADA, 5, status=500), called(ADA, 6)
    assert told(trail, made, other, read, refused, changed, last) == lines(made, changed, last)


def test_a_call_rests_on_what_its_calls_rest_on(trail: Trail) -> None:
    """As on the record that another one was linked with."""
    bob, linking, last = called(BOB, 1), called(ADA, {"linkedIdentifiers": [BOB]}), called(ADA, 2)
    assert told(trail, bob, called("understudy-eve"), linking, last) == lines(bob, linking, last)


def test_a_call_rests_on_the_one_whose_answer_named_its_record(trail: Trail) -> None:
    """The target has chosen that identifier."""
    made, other, last = called(ADA, answer={"id": "f00"}), called(BOB, answer={"id": "f01"}), called("f00")
    assert told(trail, made, other, last) == lines(made, last)


def test_what_is_not_of_the_run_is_known_by_its_parameter(pack: Pack) -> None:
    """As in traffic that others have caused, where no prefix helps."""
    made, other, last = called("ada", 1), called("bob", 2), called("ada", 3)
    assert told(Trail("", pack.effective.operations), made, other, last) == lines(made, last)


def test_of_a_whole_trail_everything_is_told(pack: Pack) -> None:
    """In order; what is sent again and again is one line, and a wait is slept."""
    trail = Trail("understudy-", pack.effective.operations, whole=True)
    first, again, last = called(BOB, method="GET"), called(ADA, status=429), called(ADA, 1)
    for call in (first, again, again, again, again):
        trail.note(call)
    trail.waited(1.5)
    trail.note(last)
    (one,) = lines(again)
    assert trail.told(last).splitlines() == [
        *lines(first),
        f"for _ in $(seq 4); do {one}; done",
        "sleep 1.5",
        *lines(last),
    ]


def test_calls_at_once_are_told_together(trail: Trail) -> None:
    """Before and in what they are rested on."""
    made, first, second, last = called(ADA, 0), called(ADA, 1), called(ADA, 2), called(ADA, 3)
    trail.note(made)
    trail.note(first, second)
    trail.note(last)
    together = [*lines(made), *(f"{line} &" for line in lines(first, second)), "wait"]
    assert trail.told(first).splitlines() == together
    assert trail.told(last).splitlines() == [*together, *lines(last)]


def test_a_long_trail_is_cut_and_says_so(trail: Trail) -> None:
    """The first and the last ones are told."""
    calls = [called(ADA, number) for number in range(LONGEST + 3)]
    found = told(trail, *calls)
    assert found == [*lines(calls[0]), "# here were 2 more that wrote the same records", *lines(*calls[3:])]


def test_a_trail_that_no_command_could_take_is_cut_where_it_is_longest(trail: Trail) -> None:
    """The calls that are told are a word of a command still, such as that of `sh -c`."""
    calls = [called(ADA, f"{number}{'x' * size}") for number, size in enumerate((1, 60_000, 1, 50_000, 30_000))]
    found = told(trail, *calls)
    words = "# here were 1 more that wrote the same records"
    assert found == [*lines(calls[0]), words, *lines(*calls[2:])]


def test_a_call_that_was_not_noted_stands_alone(trail: Trail) -> None:
    """Nothing is known of what came before it."""
    trail.note(called(ADA))
    assert trail.told(called(ADA, 1)).splitlines() == lines(called(ADA, 1))


def last_status(commands: str, base_url: str, other: str, **variables: str) -> int:
    """Run what repeats a finding against another server of that fault; return the status of its last answer."""
    env = {"PATH": "/usr/bin:/bin", "UNDERSTUDY_CLIENT_SECRET": SECRET, **variables}
    ran = subprocess.run(["sh", "-c", commands.replace(base_url, other)], capture_output=True, text=True, env=env)
    assert ran.returncode == 0, ran.stderr
    return int(re.findall(r"HTTP/1.1 (\d{3})", ran.stdout)[-1])


def test_the_lines_of_a_scenario_repeat_its_failure(connect: Connect) -> None:
    """On a server that has none of its records."""
    file = next(each for each in scenarios.files(packs.load("onetrust")) if each.name.startswith("creation"))
    with running(Endpoint(status(200, 201))) as base_url, running(Endpoint(status(200, 201))) as other:
        client = connect(base_url)
        scenarios.play(client, file, file.workflows[0])
        found = next(piece for piece in client.collector.failures() if piece.rule == "OT-UPDATE-1")
        assert last_status(found.curl, base_url, other, UNDERSTUDY_TOKEN=FULL) == 201


class OpensNothing(Endpoint):
    """The tokens that it grants may only read."""

    def token(self, call: Call) -> Answer:
        """Grant a token to the client alone."""
        if dict(parse_qsl(call.body.decode())).get("client_secret") != SECRET:
            return self.refusal(401)
        self.minted.add(f"minted-{len(self.minted)}-{id(self)}")
        return Answer(200, {"access_token": max(self.minted), "token_type": "bearer", "expires_in": 3600})

    def caller(self, call: Call) -> str:
        """Return who calls."""
        return "read" if call.headers.get("authorization", "").removeprefix("Bearer ") in self.minted else "full"


def test_a_token_is_handed_on_to_the_line_that_sends_it(full: Judge, run: Run) -> None:
    """Each server grants its own, so that the lines take it from the answer; it is shown nowhere."""
    file = next(each for each in scenarios.files(full.pack) if each.name == "tokens.arazzo.yaml")
    known = Credentials(FULL, client_id="the-client", client_secret=SECRET)
    with running(OpensNothing()) as base_url, running(OpensNothing()) as other:
        client = Client(replace(run, base_url=base_url, credentials=known), full)
        scenarios.play(client, file, next(each for each in file.workflows if each.workflow_id == "token-opens"))
        found = next(piece for piece in client.collector.failures() if piece.rule == "OT-TOKEN-4")
        client.close()
        first, *_, last = found.curl.splitlines()
        assert (first.partition("=")[0], '"${UNDERSTUDY_GRANTED_1}"' in last) == ("UNDERSTUDY_GRANTED_1", True)
        assert "minted" not in found.curl
        assert SECRET not in found.curl
        assert "***" not in found.curl
        assert last_status(found.curl, base_url, other, UNDERSTUDY_TOKEN=FULL) == 403


def test_a_line_gets_the_token_that_the_client_was_granted(full: Judge, run: Run) -> None:
    """Whatever the variable holds; the shell knows the client's secret alone."""
    file = next(each for each in scenarios.files(full.pack) if each.name.startswith("creation"))
    known = Credentials(client_id="the-client", client_secret=SECRET)
    with running(OpensNothing()) as base_url, running(OpensNothing()) as other:
        client = Client(replace(run, base_url=base_url, credentials=known), full)
        scenarios.play(client, file, file.workflows[0])
        found = client.collector.failures()[0]
        client.close()
        assert next(line.partition("=")[0] for line in found.curl.splitlines()) == "UNDERSTUDY_TOKEN"
        assert not {"minted", SECRET, "***"} & set(re.split(r"[^\w*-]", found.curl))
        assert last_status(found.curl, base_url, other) == 403
        assert last_status(found.curl, base_url, other, UNDERSTUDY_TOKEN="of yesterday") == 403


def test_of_several_tokens_each_line_sends_its_own(pack: Pack) -> None:
    """One that nobody sends is not kept."""
    tokens = [called(BOB, number, answer={"access_token": f"token-{number}"}) for number in range(3)]
    senders = [called(ADA, text) for text in ("token-2", "token-0")]
    found = told(Trail("understudy-", pack.effective.operations, whole=True), *tokens, *senders)
    assert [found[0].partition("=")[0], found[2].partition("=")[0]] == ["UNDERSTUDY_GRANTED_1", "UNDERSTUDY_GRANTED_2"]
    assert [re.findall(r"UNDERSTUDY_GRANTED_\d", line) for line in found[3:]] == [
        ["UNDERSTUDY_GRANTED_2"],
        ["UNDERSTUDY_GRANTED_1"],
    ]
    assert found[1] == tokens[1].request.curl()


@pytest.mark.parametrize("check", ["access", "fuzz"])
def test_the_lines_of_a_single_finding_repeat_it(check: str, connect: Connect) -> None:
    """Where only an update goes wrong, the record is made first."""
    with running(Endpoint(status(200, 500))) as base_url, running(Endpoint(status(200, 500))) as other:
        client = connect(base_url)
        if check == "fuzz":
            client.wanted = lambda piece: piece.outcome is Outcome.FAILED and piece.rule == "OT-STATUS-1"
            client.restart()
            fuzz.phase(client, "stateful", 30)
        else:
            Prober(client).access(WRITE)
            Prober(client).access(WRITE)
        found = next(piece for piece in client.collector.failures() if piece.rule == "OT-STATUS-1")
        assert last_status(found.curl, base_url, other, UNDERSTUDY_TOKEN=FULL) == 500


def test_what_is_kept_of_a_check_rests_on_its_own_calls(connect: Connect) -> None:
    """The next check begins anew."""
    with running(Endpoint()) as base_url:
        client = connect(base_url)
        Prober(client).access(WRITE)
        before = client.trail
        client.restart()
    assert client.trail is not before
