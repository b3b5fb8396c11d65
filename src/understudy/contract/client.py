"""Sends requests to the target, as one of its callers, and brings every exchange before the judge.

Keeps to good manners: a sound Retry-After is obeyed, redirects are not followed, and answers are read up to a bound.
"""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from threading import Barrier
from urllib.parse import urlsplit, urlunsplit

import httpx

from understudy.contract.arazzo import Patience
from understudy.contract.authentication import places
from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.exchange import Exchange, Request, Response, retry_after
from understudy.contract.judge import Judge
from understudy.contract.target import Run, Secrets
from understudy.errors import TargetError
from understudy.spec.document import Operation
from understudy.values import Json

TIMEOUT = 10.0
"""Seconds that a target may take to connect, or between two pieces of an answer."""
PATIENCE = 0.2
"""Seconds that are waited at least where a 429 asks for none."""
BODILESS = frozenset({204, 304})
"""Statuses whose answers have no body (RFC 9110, section 6.4.1)."""
MAX_ANSWER = 8 * 1024 * 1024
GARBAGE = "understudy-no-such-token"
VARIABLES = {"full": "UNDERSTUDY_TOKEN", "restricted": "UNDERSTUDY_RESTRICTED_TOKEN"}
"""The environment variable that holds a caller's token, in the command and in the curl lines that it prints."""


class OverError(Exception):
    """The run's time is up."""


class Collector:
    """Evidence as it comes in, secrets hidden: kept once a check, with how often it was seen."""

    def __init__(self, secrets: Secrets | None = None) -> None:
        self._secrets = secrets or Secrets()
        self._pieces: dict[tuple[str, ...], tuple[Evidence, int]] = {}

    def add(self, evidence: Iterable[Evidence]) -> None:
        """Take evidence in."""
        for piece in evidence:
            key = (piece.outcome.value, piece.check, piece.fingerprint)
            kept, count = self._pieces.get(key) or (self._hidden(piece), 0)
            self._pieces[key] = (kept, count + 1)

    def _hidden(self, piece: Evidence) -> Evidence:
        hide = self._secrets.hide
        return replace(piece, expected=hide(piece.expected), actual=hide(piece.actual), curl=hide(piece.curl))

    def __iter__(self) -> Iterator[tuple[Evidence, int]]:
        return iter(self._pieces.values())

    def failures(self) -> list[Evidence]:
        """Return what failed."""
        return [piece for piece, _ in self._pieces.values() if piece.outcome is Outcome.FAILED]


class Client:
    """One process's way to the target; `records` are the identifiers of those that it has created, by label."""

    def __init__(self, run: Run, judge: Judge) -> None:
        self.run = run
        self.judge = judge
        self.secrets = Secrets(() if run.embedded else run.credentials.secrets())
        self.statuses: Counter[tuple[str, int]] = Counter()
        self.full: Counter[int] = Counter()
        self.restart()
        self.records: dict[str, str | None] = {}
        self.patience = Patience()
        self._token = run.credentials.token
        self._http = httpx.Client(follow_redirects=False, trust_env=False)

    def restart(self) -> None:
        """Forget evidence and counts: a new check begins."""
        self.collector = Collector(self.secrets)
        self.requests = 0
        self.statuses.clear()
        self.full.clear()

    @contextmanager
    def elsewhere(self, base_url: str) -> Iterator[None]:
        """Send everything to another base URL of the same target, where none of the records are that were created."""
        run, records = self.run, self.records
        self.run, self.records = replace(run, base_url=base_url), {}
        try:
            yield
        finally:
            self.run, self.records = run, records

    def _renew(self) -> None:
        self._http.close()
        self._http = httpx.Client(follow_redirects=False, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def secret(self, credential: str) -> str | None:
        """Return the token or key of a caller: full, restricted, none or garbage; None where there is none."""
        if credential == "full":
            return self.token()
        if credential == "restricted":
            return self.run.credentials.restricted
        return GARBAGE if credential == "garbage" else None

    def caller(self, request: Request, operation: Operation) -> str:
        """Return which of the callers a request is by; whoever calls an open operation is full."""
        known = list(places(operation))
        sent = [(place, value) for place in known if (value := place.sent(request)) is not None]
        if not known:
            return "full"
        for credential in ("full", "restricted"):
            secret = self.secret(credential)
            if secret is not None and any(value == place.value(secret) for place, value in sent):
                return credential
        return "garbage" if sent else "none"

    def token(self) -> str | None:
        """Return the full bearer token, got from the token endpoint first where only a client is known."""
        if self._token is None and self.run.credentials.client_id:
            self._token = self._grant()
        return self._token

    def _grant(self) -> str:
        url = self._token_url()
        credentials = self.run.credentials
        form = {
            "grant_type": "client_credentials",
            "client_id": credentials.client_id or "",
            "client_secret": credentials.client_secret or "",
        }
        answers = []
        for sent in ({"data": form}, {"files": {key: (None, value) for key, value in form.items()}}):
            try:
                response = self._http.post(url, **sent, timeout=self._timeout())
                token: Json = response.json().get("access_token") if response.status_code == 200 else None
            except (httpx.HTTPError, ValueError, AttributeError) as error:
                raise TargetError(f"no token from {url}: {error}", todo="check --base-url, or give --token") from error
            if isinstance(token, str) and token:
                self.secrets.add(token)
                return token
            answers.append(str(response.status_code))
        raise TargetError(
            f"no token from {url}: it answers {', '.join(answers)}", todo="check --client-id and --client-secret"
        )

    def _token_url(self) -> str:
        schemes = self.judge.pack.effective.value.get("components", {}).get("securitySchemes", {}).values()
        for scheme in schemes:
            flow = scheme.get("flows", {}).get("clientCredentials")
            if flow:
                token_url: str = flow["tokenUrl"].replace("{", "").replace("}", "")
                return self.run.base_url + urlsplit(token_url).path
        raise TargetError("the document has no client credentials flow", todo="give --token instead of --client-id")

    def send(
        self, request: Request, operation_id: str | None, check: str, credential: str = "full", *, obey: bool = True
    ) -> Exchange:
        """Send a request and judge its answer; a 429 with a sound Retry-After is waited for, unless told not to obey.

        Raises OverError when the run's time is up, TargetError when the target cannot be reached.
        """
        request = replace(request, variable=VARIABLES.get(credential, ""))
        while True:
            exchange = self._once(request, operation_id, credential)
            self.observe(exchange, check)
            wait = retry_after(exchange.response) if obey and exchange.response.status == 429 else None
            if wait is None:
                return exchange
            if wait >= self.run.remaining:
                raise OverError(f"429 with Retry-After {wait:g}, beyond the budget")
            time.sleep(max(wait, PATIENCE))

    def at_once(self, requests: Sequence[Request], operation_id: str, check: str) -> list[Exchange]:
        """Send requests by the full caller at the same moment, and judge their answers; 429 is an answer.

        Raises OverError when the run's time is up, TargetError when the target cannot be reached.
        """
        gate = Barrier(len(requests))

        def sent(request: Request) -> Exchange:
            gate.wait()
            return self._once(replace(request, variable=VARIABLES["full"]), operation_id, "full")

        with ThreadPoolExecutor(len(requests)) as pool:
            exchanges = list(pool.map(sent, requests))
        for exchange in exchanges:
            self.observe(exchange, check)
        return exchanges

    def observe(self, exchange: Exchange, check: str) -> None:
        """Count an exchange and bring it before the judge."""
        self.requests += 1
        if exchange.operation_id is not None:
            self.statuses[exchange.operation_id, exchange.response.status] += 1
            if exchange.credential == "full":
                self.full[exchange.response.status] += 1
        self._learn(exchange.response)
        self.collector.add(self.judge.judge(exchange, check))

    def _learn(self, response: Response) -> None:
        """Take note of a token that the target grants, so that it is never shown."""
        if b'"access_token"' in response.body:
            with suppress(ValueError, RecursionError, AttributeError):
                token = json.loads(response.body).get("access_token")
                self.secrets.add(token if isinstance(token, str) else "")

    def _timeout(self) -> float:
        if self.run.remaining <= 0:
            raise OverError("the budget is used up")
        return min(TIMEOUT, self.run.remaining)

    def _once(self, request: Request, operation_id: str | None, credential: str) -> Exchange:
        timeout = self._timeout()
        started = time.perf_counter()
        headers = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in request.headers]
        try:
            with self._http.stream(
                request.method, request.url, headers=headers, content=request.body, timeout=timeout
            ) as response:
                body = b""
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > MAX_ANSWER:
                        break
                    self._timeout()
                answered = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in response.headers.raw)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            if isinstance(error, httpx.TimeoutException) and timeout < TIMEOUT:
                raise OverError("the budget ended before an answer came") from error
            host = urlunsplit(urlsplit(request.url)._replace(path="", query=""))
            todo = "check that it runs and that the base URL is right"
            raise TargetError(f"cannot reach {host}: {error or type(error).__name__}", todo=todo) from error
        except httpx.DecodingError as error:
            raise TargetError(
                f"{request.url} answers what cannot be decoded: {error}", todo="look at it with curl"
            ) from error
        if response.status_code in BODILESS and _has_body(response):
            self._renew()  # what follows the head would be taken for the next answer
        seconds = time.perf_counter() - started
        return Exchange(request, Response(response.status_code, answered, body), seconds, operation_id, credential)


def _has_body(response: httpx.Response) -> bool:
    """Whether the head says that a body follows, of a status that has none."""
    return response.headers.get("content-length", "0") != "0" or "transfer-encoding" in response.headers
