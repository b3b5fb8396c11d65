"""Sends requests to the target, as one of its callers, and brings every exchange before the judge.

Keeps to good manners: it waits after a 429, and keeps limits.
"""

import json
import math
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from threading import Barrier
from typing import TypeAlias

from understudy.contract.arazzo import Patience
from understudy.contract.authentication import places, wanting
from understudy.contract.connections import Connections, SilentError, UnreadableError
from understudy.contract.derived import Derived
from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.exchange import NO_ANSWER, Exchange, Request, Response, retry_after, telling
from understudy.contract.judge import Judge
from understudy.contract.made import Made
from understudy.contract.shell import Source
from understudy.contract.target import Run, Secrets
from understudy.contract.throttle import OverError, Throttle
from understudy.contract.tokens import Tokens
from understudy.contract.trail import Trail
from understudy.errors import TargetError
from understudy.spec.document import Operation
from understudy.values import SAFE_METHODS

PATIENCE = 0.2
"""Seconds that are waited at least where a 429 asks for none."""
BACKOFF = (0.5, 1.0, 2.0)
"""Seconds that are waited, one after the other, where it does not say how long; if in vain, not a second time."""
RECENT = 200
"""An exchange counts for at least one part in so many of what one is taken to last, so that the last ones tell."""
CAUTION, SLACK = 1.25, 0.5
"""What is kept back for cleaning up: so many times what it takes at that pace, and the seconds until it begins."""
_SECRET = re.compile(rb"(client_secret=)[^&]*")
GARBAGE = "understudy-no-such-token"
VARIABLES = {"full": "UNDERSTUDY_TOKEN", "restricted": "UNDERSTUDY_RESTRICTED_TOKEN"}
"""The environment variable that holds a caller's token, in the command and in the curl lines that it prints."""
OF_THE_CLIENT = "UNDERSTUDY_CLIENT_SECRET"
"""The one that holds the OAuth 2.0 client's secret."""


Wanted: TypeAlias = Callable[[Evidence], bool]
"""What a run is after, if it is after something: a check ends with it, and its sequences are not shrunk."""


class Collector:
    """Evidence as it comes in, secrets hidden: kept once a check, with how often it was seen."""

    def __init__(self, secrets: Secrets | None = None, wanted: Wanted | None = None) -> None:
        self._secrets = secrets or Secrets()
        self._wanted = wanted
        self.enough = False
        """Whether what is wanted, if anything is, has come in, so that its check may end."""
        self._pieces: dict[tuple[str, ...], tuple[Evidence, int]] = {}

    def add(self, evidence: Iterable[Evidence], repeating: Callable[[], str] | None = None) -> None:
        """Take evidence in; `repeating` makes the lines that repeat what is kept of it, instead of its own."""
        for piece in evidence:
            key = (piece.outcome.value, piece.check, piece.fingerprint)
            kept, count = self._pieces.get(key) or (self._hidden(piece, repeating), 0)
            self._pieces[key] = (kept, count + 1)
            self.enough = self.enough or (self._wanted is not None and self._wanted(piece))

    def _hidden(self, piece: Evidence, repeating: Callable[[], str] | None) -> Evidence:
        if not (piece.expected or piece.actual or piece.curl or piece.scenario):
            return piece  # as most of what passed
        hide = self._secrets.hide
        expected, actual, scenario = map(hide, (piece.expected, piece.actual, piece.scenario))
        broken = piece.outcome is Outcome.FAILED  # though no call of it may have had an answer
        lines = repeating() if repeating is not None and (piece.curl or broken) else piece.curl
        curl = hide(self._secrets.as_variables(lines))
        return replace(piece, expected=expected, actual=actual, curl=curl, scenario=scenario)

    def __iter__(self) -> Iterator[tuple[Evidence, int]]:
        return iter(self._pieces.values())

    def failures(self) -> list[Evidence]:
        """Return what failed."""
        return [piece for piece, _ in self._pieces.values() if piece.outcome is Outcome.FAILED]


def _sources(run: Run) -> dict[str, Source]:
    """Return where a shell has the secrets of a run from."""
    known = run.credentials
    sources = {
        known.client_secret: Source(OF_THE_CLIENT),
        known.basic(): Source(OF_THE_CLIENT, Derived("").basic(known.client_id or "").filters),
        known.restricted: Source(VARIABLES["restricted"]),
        known.token: Source(VARIABLES["full"]),
    }
    return {secret: source for secret, source in sources.items() if secret}


class Client:
    """One process's way to the target; `records` are the identifiers of those that it has created, by label."""

    def __init__(self, run: Run, judge: Judge, throttle: Throttle | None = None) -> None:
        self.run = run
        self.judge = judge
        self.secrets = Secrets(() if run.embedded or run.dry else run.secrets(), _sources(run))
        self.statuses: Counter[tuple[str, int]] = Counter()
        self.full: Counter[int] = Counter()
        self.asked: set[str] = set()
        self.wanting = wanting(judge.judged)
        self._backs_off = True
        self.wanted: Wanted | None = None
        self.restart()
        self.records: dict[str, str | None] = {}
        self.shown: set[str] = set()  # fingerprints of what sequences have shown, which none is to show again
        self.patience = Patience()
        self.tokens = Tokens(run.credentials, judge.pack.effective, run.base_url)
        self.made = Made(run, judge)
        self._throttle = throttle or Throttle(run.rps, run.max_requests)
        self._pace, self._paced = 0.0, 0
        """Seconds that a call which writes has taken of late; and how many there were."""
        self._racing = self._answered = False
        self._connections = Connections()

    def restart(self) -> None:
        """Forget evidence and counts: a new check begins."""
        self.collector = Collector(self.secrets, self.wanted)
        self.trail = self.new_trail()
        self.requests = 0
        self.sent: list[Request] = []
        self.statuses.clear()
        self.full.clear()
        self.asked.clear()

    def new_trail(self, *, whole: bool = False) -> Trail:
        """Return a trail on which nothing is yet; `whole` as there."""
        return Trail(self.run.prefix, self.judge.pack.effective.operations, whole=whole)

    @property
    def met(self) -> set[int]:
        """The statuses that say what the full credential opens."""
        return telling(self.full)

    @contextmanager
    def elsewhere(self, base_url: str) -> Iterator[None]:
        """Send everything to another base URL of the same target, where none of the records are that were created."""
        run, records = self.run, self.records
        self.run, self.records = replace(run, base_url=base_url), {}
        try:
            yield
        finally:
            self.run, self.records = run, records

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()
        self._throttle.close()

    def secret(self, credential: str) -> str | None:
        """Return the token or key of a caller: full, restricted, none or garbage; None where there is none."""
        if credential == "full":
            return self.token()
        if credential == "restricted":
            return self.run.credentials.restricted
        return GARBAGE if credential == "garbage" else None

    def caller(self, request: Request, operation: Operation) -> str:
        """Return which of the callers a request is by; whoever sends none where none is needed is full."""
        known = list(places(operation))
        sent = [(place, value) for place in known if (value := place.sent(request)) is not None]
        if not known:
            return "full"
        for credential in ("full", "restricted"):
            given = self.tokens.known if credential == "full" else (self.secret(credential),)
            if any(value == place.value(secret) for place, value in sent for secret in given if secret is not None):
                return credential
        return "garbage" if sent else "none" if operation.is_closed else "full"

    def token(self) -> str | None:
        """Return the full token; where only a client is known, one that the target grants and that has not expired."""
        return self.tokens.current(self._granted)

    def _granted(self, request: Request) -> Response:
        response = self._once(request, None, "full").response
        if response.status == NO_ANSWER:
            raise TargetError(f"no token from {request.url}: no answer", todo="look at the target's log")
        self._noted(replace(request, body=_SECRET.sub(rb"\1***", request.body or b"")))
        self._learn(response)
        if response.status == 200 and not (self.run.embedded or self.run.dry):
            self.secrets.granted(VARIABLES["full"], request.curl())
        return response

    def send(
        self,
        request: Request,
        operation_id: str | None,
        check: str,
        credential: str = "full",
        *,
        obey: bool = True,
        judged: bool = True,
    ) -> Exchange:
        """Send a request and judge its answer; after a 429 it is sent again in time, unless told not to obey.

        An answer that is not to be `judged` is counted alone. Raises OverError when the run's time is up, TargetError
        when the target cannot be reached.
        """
        request, tried = replace(request, variable=self._variable(request, credential)), 0
        while True:
            exchange = self._once(self.tokens.renewed(request), operation_id, credential)
            if self.expired(exchange):
                continue
            if judged:
                self.observe(exchange, check)
            else:
                self._count(exchange)
            wait = self._asked_to_wait(exchange.response, tried) if obey and exchange.response.status == 429 else None
            tried += retry_after(exchange.response) is None
            if wait is None:
                return exchange
            if wait >= self.left:
                raise OverError(f"429, and {wait:g} s to wait are beyond the budget")
            time.sleep(wait)

    def _asked_to_wait(self, response: Response, tried: int) -> float | None:
        """Return the seconds to wait after a 429; None where it does not say, and waiting has not helped."""
        wait = retry_after(response)
        if wait is not None:
            return max(wait, PATIENCE)
        self._backs_off = self._backs_off and tried < len(BACKOFF)
        return BACKOFF[tried] if self._backs_off else None

    def _variable(self, request: Request, credential: str) -> str:
        """Return the name of the variable that stands for the secret in a request's headers."""
        basic = self.run.credentials.basic()
        if basic is not None and f"Basic {basic}" == request.header("authorization"):
            return OF_THE_CLIENT
        return VARIABLES.get(credential, "")

    def expired(self, exchange: Exchange) -> bool:
        """Whether an answer says that the full token is not valid any more, and there is a new one now."""
        if exchange.credential != "full" or exchange.operation_id is None:
            return False
        if exchange.response.status == 401:
            return self.tokens.refused(self._granted)
        self.tokens.accepted()
        return False

    def at_once(self, requests: Sequence[Request], operation_id: str, check: str) -> list[Exchange] | None:
        """Send requests by the full caller at the same moment, and judge their answers; 429 is an answer.

        Returns None where the token expired on the way, and there is a new one now.

        Raises OverError when the run's time is up, TargetError when the target cannot be reached.
        """
        gate = Barrier(len(requests))

        def sent(request: Request) -> Exchange:
            gate.wait()
            return self._once(replace(request, variable=VARIABLES["full"]), operation_id, "full")

        self._racing = True  # other calls use the connections
        try:
            with ThreadPoolExecutor(len(requests)) as pool:
                exchanges = list(pool.map(sent, requests))
        finally:
            self._racing = False
        refused = next((each for each in exchanges if each.response.status == 401), None)
        expired = refused is not None and self.expired(refused)
        observed = [each for each in exchanges if not expired or each.response.status != 401]
        self.trail.note(*observed)
        for exchange in observed:
            self._observe(exchange, check)
        return None if expired else exchanges

    def observe(self, exchange: Exchange, check: str) -> None:
        """Count an exchange and bring it before the judge."""
        self.trail.note(exchange)
        self._observe(exchange, check)

    def _count(self, exchange: Exchange) -> None:
        self.requests += 1
        self._noted(exchange.request)

    def _observe(self, exchange: Exchange, check: str) -> None:
        self._count(exchange)
        if exchange.operation_id is not None:
            self.statuses[exchange.operation_id, exchange.response.status] += 1
            if exchange.credential == "full" and exchange.operation_id in self.wanting:
                self.full[exchange.response.status] += 1
                self.asked.update({exchange.operation_id} if telling({exchange.response.status}) else ())
        self._learn(exchange.response)
        self.made.note(exchange)
        self.collector.add(self.judge.judge(exchange, check), lambda: self.trail.told(exchange))

    def _noted(self, request: Request) -> None:
        if self.run.dry:
            self.sent.append(request)

    def _learn(self, response: Response) -> None:
        """Take note of a token that the target grants, so that it is never shown."""
        if b'"access_token"' in response.body:
            with suppress(ValueError, RecursionError, AttributeError):
                token = json.loads(response.body).get("access_token")
                self.secrets.add(token if isinstance(token, str) else "", Source(VARIABLES["full"]))

    @property
    def left(self) -> float:
        """Seconds that checks may still take; what cleaning up will take is kept back."""
        pending = self.made.pending
        return self.run.remaining - (SLACK + pending * self.apart * CAUTION if pending else 0.0)

    @property
    def apart(self) -> float:
        """Seconds from one call that writes to the next: as it has been of late, or as the run's limit has it."""
        return max(self._pace, 1 / (self.run.rps or math.inf))

    def admit(self) -> None:
        """Wait until the target may be sent a request; raises OverError where it may be sent none any more."""
        self._within()
        self._throttle.admit(self.left, self.made.pending)

    def took(self, seconds: float, method: str) -> None:
        """Take note of how long an exchange took, whoever sent it: one that writes, as what cleans up does.

        A list of many records takes a target many times as long as the deletion of one.
        """
        if method in SAFE_METHODS:
            return
        self._paced += 1
        self._pace += (seconds - self._pace) / min(self._paced, RECENT)

    def _within(self) -> float:
        """Return the seconds that are left; raises OverError where there are none."""
        if (left := self.left) <= 0:
            raise OverError("the budget is used up")
        return left

    def _once(self, request: Request, operation_id: str | None, credential: str) -> Exchange:
        self.admit()
        if not self._racing:
            self._connections.renew()
        started = time.perf_counter()
        try:
            response = self._connections.send(request, self._within)
        except SilentError:
            seconds = time.perf_counter() - started
            if not self._answered or self._racing or not self._silent_to(request):
                raise
            return Exchange(request, Response(NO_ANSWER), seconds, operation_id, credential)
        self._answered = True
        seconds = time.perf_counter() - started
        self.took(seconds, request.method)
        return Exchange(request, response, seconds, operation_id, credential)

    def _silent_to(self, request: Request) -> bool:
        """Whether a request that had no answer has none again, while the target answers another one."""
        return self._silent(request) and not self._silent(Request("GET", f"{self.run.base_url}/"))

    def _silent(self, request: Request) -> bool:
        """Whether there is no answer to a request, by a connection of its own."""
        self.admit()
        self.requests += 1
        self._connections.spoil()
        self._connections.renew()
        try:
            self._connections.send(request, self._within)
        except UnreadableError:
            return False
        except TargetError:
            return True
        return False
