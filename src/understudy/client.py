"""A client for the control plane of a served mock: sessions, and in each a part for every vendor. Synchronous.

with Server("http://127.0.0.1:8080") as server, server.session() as session:
    mock = session.vendor("acme")
    mock.fault("status", status=503, times=1)
    ...                                     # call mock.base_url with mock.token
    session.journal.verify(operation="updatePerson", at_least=2)
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self, TypeAlias
from urllib.parse import quote

import httpx

from understudy.credentials import CLIENT, FULL, READ, SECRET
from understudy.errors import TargetError, UnderstudyError
from understudy.values import Json

__tracebackhide__ = True  # a failing test shows the line of its own that called, and what the mock answers
TIMEOUT = 30.0
Entry: TypeAlias = Mapping[str, Any]
"""A call as the journal has it: time, vendor, operation, method, path, status, rules, remarks, request, response."""


class ControlError(UnderstudyError):
    """The control plane refuses a call; `problem` is its answer (RFC 9457), `status` that of HTTP."""

    exit_code = 2

    def __init__(self, status: int, problem: Mapping[str, Json]) -> None:
        super().__init__(f"the mock's control plane answers {status}: {problem.get('detail', 'no reason given')}")
        self.status = status
        self.problem = problem


class NotVerifiedError(AssertionError):
    """Calls that were expected did not come; the text says what came nearest. `answer` is that of the control plane."""

    def __init__(self, answer: Mapping[str, Json]) -> None:
        super().__init__("\n".join(_missed(answer)))
        self.answer = answer


def _missed(answer: Mapping[str, Json]) -> Iterator[str]:
    for number, call in enumerate(answer["calls"]):
        if call["verified"]:
            continue
        yield f"call {number + 1}: {call.get('reason', 'not verified')}"
        for near in call.get("nearest", ()):
            entry = near["entry"]
            yield f"  nearest: {entry['method']} {entry['path']} -> {entry['status']}"
            for each in near["differences"]:
                yield f"    {each['at']}: expected {each['expected']!r}, was {each['actual']!r}"


class Server:
    """A server of mocks, by its base URL; raises TargetError where it cannot be reached."""

    def __init__(self, base_url: str, admin_token: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {admin_token}"} if admin_token else {}
        self.base_url = base_url.rstrip("/")
        self._http = httpx.Client(headers=headers, timeout=TIMEOUT, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def call(self, method: str, path: str, body: Json = None, **query: Json) -> Json:
        """Call an operation of the control plane by its path; return its answer, None where that has no body.

        Raises ControlError where it refuses, TargetError where it cannot be reached.
        """
        sent = {name: value for name, value in query.items() if value is not None}
        url = f"{self.base_url}/_understudy{path}"
        try:
            answer = (
                self._http.request(method, url, params=sent, json=body)
                if body is not None
                else (self._http.request(method, url, params=sent))
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            what = f"no mock answers at {self.base_url}: {error or type(error).__name__}"
            raise TargetError(what, todo="start one: understudy serve") from error
        if answer.is_success:
            return answer.json() if answer.content else None
        try:
            problem = answer.json()
        except ValueError:
            problem = {}
        raise ControlError(answer.status_code, problem if isinstance(problem, dict) else {})

    def sessions(self) -> list[str]:
        """Return the names of the sessions that are there."""
        return [each["name"] for each in self.call("GET", "/sessions")["sessions"]]

    def session(
        self,
        name: str | None = None,
        *,
        template: str | None = None,
        seed: int | None = None,
        strict: bool | None = None,
        switches: Mapping[str, Mapping[str, str | None]] | None = None,
    ) -> "Session":
        """Make a session, under a name that nobody has unless one is given; raises ControlError."""
        own = {"template": template, "seed": seed, "strict": strict, "switches": switches}
        name = name or secrets.token_hex(8)
        told = self.call("POST", "/sessions", {"name": name, **{k: v for k, v in own.items() if v is not None}})
        return Session(self, name, told["urls"])


class Session:
    """A universe of its own on a server; as a context manager it is deleted at the end."""

    def __init__(self, server: Server, name: str, urls: Mapping[str, str]) -> None:
        """`urls` are the paths of the vendors' base URLs."""
        self.server = server
        self.name = name
        self._urls = urls
        self.clock = Clock(self)
        self.journal = Journal(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.delete()

    def call(self, method: str, path: str, body: Json = None, **query: Json) -> Json:
        """Call an operation of the control plane on this session, by what follows its name in the path."""
        return self.server.call(method, f"/sessions/{quote(self.name, safe='')}{path}", body, **query)

    @property
    def vendors(self) -> tuple[str, ...]:
        """The vendors that are served."""
        return tuple(self._urls)

    def vendor(self, name: str) -> "Mock":
        """Return a vendor's part; raises ControlError where it is not served."""
        if name not in self._urls:
            raise ControlError(404, {"detail": f"no vendor {name!r} is served; there are: {', '.join(self._urls)}"})
        return Mock(self, name, f"{self.server.base_url}{self._urls[name]}")

    def reset(self) -> None:
        """Make the session anew, as it was made."""
        self.call("POST", "/reset")

    def delete(self) -> None:
        """Forget the session."""
        self.call("DELETE", "")

    def snapshot(self, name: str) -> None:
        """Remember the records of all vendors under a name."""
        self.call("PUT", f"/snapshots/{quote(name, safe='')}")

    def restore(self, name: str) -> None:
        """Put back the records of a snapshot."""
        self.call("POST", f"/snapshots/{quote(name, safe='')}/restore")


class Mock:
    """One vendor's mock in a session: where to call it and how, what it holds, and how it is to behave.

    `base_url` is the URL that a client of the vendor is given, `token` and `api_key` are credentials that may do all,
    `read_token` may only read; `client_id` and `client_secret` are those of OAuth 2.0, where the vendor has it.
    """

    def __init__(self, session: Session, vendor: str, base_url: str) -> None:
        self.session = session
        self.vendor = vendor
        self.base_url = base_url
        self.token = self.api_key = FULL
        self.read_token = READ
        self.client_id, self.client_secret = CLIENT, SECRET
        self.clock = session.clock
        self.journal = Journal(session, vendor)
        self.state = State(session, vendor)

    def fault(self, kind: str, **matched: Json) -> None:
        """Set a fault: `status`, `latency`, `reset`, ...; the answer to an unknown kind lists all.

        `matched` says when (operation, identifier, nth, probability, times) and how (status, headers, body, delay,
        seconds), as the control plane's document has it; raises ControlError.
        """
        self.session.call("POST", "/faults", {"kind": kind, "vendor": self.vendor, **matched})

    def clear_faults(self) -> None:
        """Forget the faults of the vendor."""
        self.session.call("DELETE", f"/faults?vendor={quote(self.vendor)}")

    def deviate(self, name: str | None) -> None:
        """Play a departure from one rule by its name, or none; raises ControlError, which lists them all."""
        self.session.call("PUT", f"/deviations/{quote(self.vendor)}", {"deviation": name})

    def switch(self, **chosen: str | None) -> Mapping[str, str | None]:
        """Set switches of the vendor's, `_` for `-` in their names; return all as they are set."""
        named = {name.replace("_", "-"): value for name, value in chosen.items()}
        found: Mapping[str, str | None] = self.session.call("PATCH", f"/switches/{quote(self.vendor)}", named)
        return found

    def quota(self, limit: int, seconds: int, *, per_operation: bool = False) -> None:
        """Allow so many calls in so many seconds of the session's clock."""
        quota = {"limit": limit, "seconds": seconds, "per_operation": per_operation}
        self.session.call("PUT", f"/quota/{quote(self.vendor)}", {"quotas": [quota]})

    def mint(self, *scopes: str, lifetime: float | None = None) -> str:
        """Return a new token with these scopes (those of the full one, if none is named) and lifetime in seconds."""
        body: dict[str, Json] = {"scopes": list(scopes)} if scopes else {}
        body |= {"lifetime": lifetime} if lifetime is not None else {}
        return str(self.session.call("POST", f"/tokens/{quote(self.vendor)}", body)["token"])

    def revoke(self, token: str) -> None:
        """Have a token be worth nothing in this session."""
        self.session.call("POST", f"/tokens/{quote(self.vendor)}/revoke", {"token": token})

    def seed(self, state: Mapping[str, Mapping[str, Json]]) -> None:
        """Put records there, by collection and key, beside those that are there."""
        self.state.patch(state)


@dataclass(frozen=True, slots=True)
class State:
    """The records of a vendor as JSON, by collection and key."""

    _session: Session
    _vendor: str

    def _call(self, method: str, body: Json = None) -> dict[str, dict[str, Json]]:
        found: dict[str, dict[str, Json]] = self._session.call(method, f"/state/{quote(self._vendor)}", body)
        return found

    def get(self) -> dict[str, dict[str, Json]]:
        """Return all records."""
        return self._call("GET")

    def put(self, state: Mapping[str, Mapping[str, Json]]) -> dict[str, dict[str, Json]]:
        """Have these records and no others."""
        return self._call("PUT", state)

    def patch(self, state: Mapping[str, Json]) -> dict[str, dict[str, Json]]:
        """Change the records by a JSON Merge Patch (RFC 7396)."""
        return self._call("PATCH", state)

    def __getitem__(self, collection: str) -> dict[str, Json]:
        return self.get()[collection]


@dataclass(frozen=True, slots=True)
class Clock:
    """The time of a session, which all its vendors share."""

    _session: Session

    @property
    def now(self) -> datetime:
        """The time."""
        return datetime.fromisoformat(self._session.call("GET", "/clock")["now"])

    def freeze(self, now: datetime | None = None) -> None:
        """Have it stand still, at that time if one is given."""
        self._session.call("PUT", "/clock", {"running": False, **({"now": _rfc3339(now)} if now else {})})

    def set(self, now: datetime) -> None:
        """Set it; it runs on or stands still as before."""
        self._session.call("PUT", "/clock", {"now": _rfc3339(now)})

    def advance(self, time: timedelta | float) -> None:
        """Move it on, by so many seconds or that time."""
        seconds = time.total_seconds() if isinstance(time, timedelta) else time
        self._session.call("POST", "/clock/advance", {"seconds": seconds})

    def run(self) -> None:
        """Have it run on."""
        self._session.call("PUT", "/clock", {"running": True})


@dataclass(frozen=True, slots=True)
class Journal:
    """The calls that a session, or one vendor's part of it, has answered; secrets are left out of them."""

    _session: Session
    _vendor: str | None = None

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries())

    def __len__(self) -> int:
        return len(self.entries())

    def entries(
        self,
        *,
        operation: str | None = None,
        status: int | None = None,
        rule: str | None = None,
        identifier: str | None = None,
        limit: int | None = None,
    ) -> list[Entry]:
        """Return the calls, oldest first, that are all of what is named."""
        named = {"operation": operation, "status": status, "rule": rule, "identifier": identifier, "limit": limit}
        found = self._session.call("GET", "/journal", vendor=self._vendor, **named)
        return list(found["entries"])

    def clear(self) -> None:
        """Forget the calls of the session."""
        self._session.call("DELETE", "/journal")

    def har(self) -> Mapping[str, Json]:
        """Return the calls of the session as an HTTP Archive."""
        found: Mapping[str, Json] = self._session.call("GET", "/journal.har")
        return found

    def verify(self, *calls: Mapping[str, Json], in_order: bool = False, **call: Json) -> None:
        """Have these calls been made; raises NotVerifiedError, with the nearest ones, where they have not.

        Each names some of operation, identifier, status, rule, body, at_least (1 unless given, 0 where at_most is)
        and at_most; one alone can be given by keywords.
        """
        expected: Iterable[Mapping[str, Json]] = (*calls, call) if call else calls
        own = {"vendor": self._vendor} if self._vendor else {}
        body = {"calls": [{**own, **each} for each in expected], "in_order": in_order}
        answer = self._session.call("POST", "/verify", body)
        if not answer["verified"]:
            raise NotVerifiedError(answer)


def _rfc3339(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone; give one, such as datetime.UTC")
    return moment.isoformat()
