"""Sends requests to the target, as one of its callers, and brings every exchange before the judge.

Keeps to good manners: a sound Retry-After is obeyed, redirects are not followed, and answers are read up to a bound.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit, urlunsplit

import httpx

from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.exchange import Exchange, Request, Response
from understudy.contract.judge import Judge
from understudy.contract.target import Run
from understudy.errors import TargetError
from understudy.values import Json

TIMEOUT = httpx.Timeout(10.0)
MAX_ANSWER = 8 * 1024 * 1024
GARBAGE = "understudy-no-such-token"


class OverError(Exception):
    """The run's time is up."""


class Collector:
    """Evidence as it comes in: a passed rule is kept once a check, a failure once with how often it was seen."""

    def __init__(self) -> None:
        self._pieces: dict[tuple[str, ...], tuple[Evidence, int]] = {}

    def add(self, evidence: Iterable[Evidence]) -> None:
        """Take evidence in."""
        for piece in evidence:
            key = (piece.outcome.value, piece.check, piece.fingerprint)
            kept, count = self._pieces.get(key, (piece, 0))
            self._pieces[key] = (kept, count + 1)

    def __iter__(self) -> Iterator[tuple[Evidence, int]]:
        return iter(self._pieces.values())

    def failures(self) -> list[Evidence]:
        """Return what failed."""
        return [piece for piece, _ in self._pieces.values() if piece.outcome is Outcome.FAILED]


class Client:
    """One process's way to the target."""

    def __init__(self, run: Run, judge: Judge) -> None:
        self.run = run
        self.judge = judge
        self.collector = Collector()
        self.statuses: Counter[tuple[str, int]] = Counter()
        self.requests = 0
        self._token = run.credentials.token
        self._http = httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def authorization(self, credential: str) -> str | None:
        """Return the Authorization header of a caller: full, restricted, none or garbage; None where there is none."""
        if credential == "full":
            token: str | None = self.token()
        elif credential == "restricted":
            token = self.run.credentials.restricted
        else:
            token = GARBAGE if credential == "garbage" else None
        return f"Bearer {token}" if token else None

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
                response = self._http.post(url, **sent)
                token: Json = response.json().get("access_token") if response.status_code == 200 else None
            except (httpx.HTTPError, ValueError, AttributeError) as error:
                raise TargetError(f"no token from {url}: {error}", todo="check --base-url, or give --token") from error
            if isinstance(token, str) and token:
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
        while True:
            exchange = self._once(request, operation_id, credential)
            self.observe(exchange, check)
            wait = retry_after(exchange.response) if obey and exchange.response.status == 429 else None
            if wait is None:
                return exchange
            if wait >= self.run.remaining:
                raise OverError(f"429 with Retry-After {wait}, beyond the budget")
            time.sleep(wait)

    def observe(self, exchange: Exchange, check: str) -> None:
        """Count an exchange and bring it before the judge."""
        self.requests += 1
        if exchange.operation_id is not None:
            self.statuses[exchange.operation_id, exchange.response.status] += 1
        self.collector.add(self.judge.judge(exchange, check))

    def _once(self, request: Request, operation_id: str | None, credential: str) -> Exchange:
        if self.run.remaining <= 0:
            raise OverError("the budget is used up")
        started = time.perf_counter()
        headers = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in request.headers]
        try:
            with self._http.stream(request.method, request.url, headers=headers, content=request.body) as response:
                body = b""
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > MAX_ANSWER:
                        break
                answered = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in response.headers.raw)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            host = urlunsplit(urlsplit(request.url)._replace(path="", query=""))
            todo = "check that it runs and that the base URL is right"
            raise TargetError(f"cannot reach {host}: {error or type(error).__name__}", todo=todo) from error
        except httpx.DecodingError as error:
            raise TargetError(
                f"{request.url} answers what cannot be decoded: {error}", todo="look at it with curl"
            ) from error
        seconds = time.perf_counter() - started
        return Exchange(request, Response(response.status_code, answered, body), seconds, operation_id, credential)


def retry_after(response: Response) -> int | None:
    """Return the seconds of a sound Retry-After (RFC 9110, section 10.2.3), or None."""
    text = (response.header("retry-after") or "").strip()
    return int(text) if text.isdecimal() and text.isascii() else None
