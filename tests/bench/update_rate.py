"""How many updates a second the mock answers, beside a bare uvicorn with a static answer; and where the time goes.

`make bench` runs it. Server and load generator (Debian's `wrk`, one thread, 16 connections) have a core each; rounds
alternate between the two servers. Two ratios are printed: of the requests per second that wrk counted, and of the
requests per second of the server's own processor time, which does not depend on what else the machine does.
"""

import argparse
import gc
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from understudy import pack as packs
from understudy.mock.adapter import assemble
from understudy.mock.answers import RuleHeader, rendered, wrong
from understudy.mock.app import MockApp, VendorApp
from understudy.mock.security import SECURITY_MAP
from understudy.mock.session import Session
from understudy.mock.sessions import Sessions
from understudy.mock.settings import Settings
from understudy.mock.visit import KEY, Visit
from understudy.model.call import Call

PATH = "/api/consentmanager/v1/datasubjects/dataelements"
OPERATION = "createOrUpdateDataSubjectUsingPOST"
BODY = {
    "identifierType": "Email",
    "language": "en-us",
    "dataElements": [
        {"name": "Work Email", "value": ["example@otprivacy.com"], "linked": True},
        {"name": "Country", "value": "Norway", "interactionDate": "2026-01-31T09:30:00Z"},
    ],
}
HEADERS = {
    "Content-Type": "application/json",
    "Authorization": "Bearer understudy-full",
    "dataSubjectIdentifier": "user@example.com",
}
BARE = """
import sys, uvicorn
BODY = {body!r}
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]
async def app(scope, receive, send):
    await send({{"type": "http.response.start", "status": 200, "headers": HEADERS}})
    await send({{"type": "http.response.body", "body": BODY}})
class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        print(f"bare on http://127.0.0.1:{{port}}", flush=True)
options = dict(http="httptools", loop="uvloop", ws="none", lifespan="off", log_level="warning", access_log=False)
Server(uvicorn.Config(app, port=0, server_header=False, **options)).run()
"""


@dataclass(frozen=True)
class Round:
    """One measurement: requests per second of time, and of the server's processor time."""

    rate: float
    cpu_rate: float


@dataclass(frozen=True)
class Server:
    """A running server: its process and its base URL."""

    pid: int
    url: str

    def cpu(self) -> float:
        """Return the processor time used so far, in seconds."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def started(*command: str) -> Iterator[Server]:
    """Start a server on core 0; yield it once its first line tells its URL."""
    process = subprocess.Popen(["taskset", "-c", "0", *command], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+", line := process.stdout.readline())
        if found is None:
            raise SystemExit(f"{command} did not start: {line!r}")
        yield Server(process.pid, found[0])
    finally:
        process.terminate()
        process.communicate()


def load(server: Server, script: Path, seconds: float, connections: int) -> Round:
    """Load a server from core 1; a single wrong answer ends the measurement."""
    before = server.cpu()
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "-s", str(script)]
    output = subprocess.run([*command, server.url + PATH], capture_output=True, text=True, check=True).stdout
    used = server.cpu() - before
    if "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(output)
    count, rate = re.search(r"(\d+) requests in", output), re.search(r"Requests/sec:\s+([\d.]+)", output)
    assert count is not None
    assert rate is not None
    return Round(float(rate[1]), int(count[1]) / used)


def script_text() -> str:
    """Return the Lua script that makes wrk send updates."""
    headers = "".join(f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}\n" for name, value in HEADERS.items())
    return f'wrk.method = "POST"\n{headers}wrk.body = [[{json.dumps(BODY)}]]\n'


def compare(rounds: int, seconds: float, connections: int) -> dict[str, list[Round]]:
    """Measure both servers in turn; one round more, the first, warms them up and is not counted."""
    answer = {"id": "633ba071-61b0-485f-81a0-a2245777b432", "identifier": "user@example.com", "identifierType": "Email"}
    elements = [{"linked": False, **element} for element in BODY["dataElements"] if isinstance(element, dict)]
    bare = BARE.format(body=orjson.dumps({**answer, "canBePrimary": True, "elements": elements}))
    found: dict[str, list[Round]] = {"bare": [], "mock": []}
    with tempfile.TemporaryDirectory() as directory:
        script = Path(directory) / "update.lua"
        script.write_text(script_text())
        mock = (sys.executable, "-m", "understudy", "serve", "onetrust", "--port", "0", "--seed", "1")
        with started(sys.executable, "-c", bare) as first, started(*mock) as second:
            for number in range(rounds + 1):
                for name, server in (("bare", first), ("mock", second)):
                    measured = load(server, script, seconds if number else 1, connections)
                    if number:
                        found[name].append(measured)
                        print(
                            f"  {name}  {measured.rate:8,.0f}/s   {1e6 / measured.cpu_rate:6.1f} µs of processor time",
                            flush=True,
                        )
    return found


def timed(action: Callable[[], Any], seconds: float = 0.3) -> float:
    """Return the microseconds of processor time that an action takes: the best of several runs."""
    best, runs = float("inf"), 0
    end = time.perf_counter() + seconds
    while runs < 3 or time.perf_counter() < end:
        start = time.process_time()
        for _ in range(500):
            action()
        best, runs = min(best, (time.process_time() - start) / 500), runs + 1
    return best * 1e6


def driven(app: Callable[..., Awaitable[None]], visited: Session | None = None) -> float:
    """Return the microseconds that an ASGI application takes for an update, without a server or an event loop."""
    body = orjson.dumps(BODY)
    headers = [(b"host", b"127.0.0.1:8080"), (b"content-length", b"%d" % len(body))]
    headers += [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
    fixed = {
        "type": "http",
        "method": "POST",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "headers": headers,
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        return

    def once() -> None:
        scope: dict[str, Any] = dict(fixed)
        if visited is not None:
            scope[KEY] = Visit(visited, "POST", PATH)
        try:
            app(scope, receive, send).send(None)  # type: ignore[attr-defined]
        except StopIteration:
            return
        raise RuntimeError("the pipeline waited for something")

    return timed(once)


def stages() -> list[tuple[str, float]]:
    """Return what each stage of the mock takes in process, in microseconds, by stacks of successively more stages."""
    pack = packs.load("onetrust")
    vendor, session = VendorApp(pack), Session(pack, Settings(seed=1))

    async def end(scope: Any, receive: Any, send: Any) -> None:
        return

    names = ("routing", "arrival", "security", "request: parameters, body", "model, answer")
    before, rows = driven(end, session), []
    for number, name in enumerate(names, 1):
        vendor._requests.clear()  # those of the stack before are linked to its end
        vendor._models.clear()
        taken = driven(assemble(pack.effective, vendor.middlewares[:number], end, SECURITY_MAP), session)
        rows.append((name, taken - before))
        before = taken
    rows.append(
        (
            "vendor and session in the path, answering refusals",
            driven(MockApp({"onetrust": pack}, Sessions({"onetrust": pack}, {"": Settings()}))) - before,
        )
    )
    return rows


def details() -> list[tuple[str, float]]:
    """Return what the costliest steps inside the stages take, in microseconds."""
    pack = packs.load("onetrust")
    session, operation = Session(pack, Settings(seed=1)), pack.effective.operations[OPERATION]
    named, play, text = RuleHeader(pack).value, pack.behaviour.operations[OPERATION], orjson.dumps(BODY)
    schema = operation.bodies["application/json"]
    header = {"dataSubjectIdentifier": HEADERS["dataSubjectIdentifier"]}

    def call() -> Call:
        return Call(
            OPERATION, session.clock.now(), session.ids.for_call(), header=header, body=BODY, around=session.around
        )

    first = session.store.begin()
    play(call(), first)
    first.commit()
    one, reply = call(), play(call(), session.store.begin())
    return [
        ("body parsed", timed(lambda: orjson.loads(text))),
        ("body checked", timed(lambda: schema.is_valid(BODY))),
        ("call made", timed(call)),
        ("model", timed(lambda: play(one, session.store.begin()))),
        ("answer checked", timed(lambda: wrong(operation, reply, pack.rules))),
        ("answer serialised, with its rules", timed(lambda: rendered(reply, named))),
    ]


def report(found: dict[str, list[Round]]) -> float:
    """Print both rates and their ratios; return the ratio of the rates per second of processor time."""
    ratio = 0.0
    for title, field in (("per second", "rate"), ("per second of processor time", "cpu_rate")):
        bare, mock = ([float(getattr(each, field)) for each in found[name]] for name in ("bare", "mock"))
        ratio = statistics.median(b / a for a, b in zip(bare, mock, strict=True))
        print(
            f"{title}: bare {statistics.median(bare):,.0f}, mock {statistics.median(mock):,.0f},"
            f" ratio {ratio:.2f} (median of {len(bare)} rounds)"
        )
    return ratio


def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each server (5)")
    parser.add_argument("--seconds", type=float, default=4, help="seconds of a round (4)")
    parser.add_argument("--connections", type=int, default=16, help="connections of wrk (16)")
    parser.add_argument("--at-least", type=float, metavar="RATIO", help="exit with 1 below this ratio")
    options = parser.parse_args()
    for tool in ("wrk", "taskset"):
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is missing; run: make tools")
    if (os.cpu_count() or 1) < 2:
        sys.exit("two cores are needed, one for the server and one for wrk")
    print("updates, one core for the server and one for wrk:")
    ratio = report(compare(options.rounds, options.seconds, options.connections))
    os.sched_setaffinity(0, {0})
    gc.disable()
    print("\nin process, without a server (µs a request):")
    rows, inner = stages(), details()
    for name, taken in [*rows, ("all stages", sum(taken for _, taken in rows))]:
        print(f"  {taken:6.1f}  {name}")
    print("of which:")
    for name, taken in inner:
        print(f"  {taken:6.1f}  {name}")
    if options.at_least is not None and ratio < options.at_least:
        sys.exit(f"below {options.at_least}")


if __name__ == "__main__":
    main()
