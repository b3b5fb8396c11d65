"""Who may call an operation: nobody, callers with credentials that are none, the restricted one and the full one."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from understudy.contract.authentication import BASIC, BEARER, Place, places
from understudy.contract.client import GARBAGE
from understudy.contract.derived import Derived, added, nearly
from understudy.contract.evidence import Outcome
from understudy.contract.exchange import Exchange
from understudy.contract.samples import Sample, sample
from understudy.spec.document import Operation
from understudy.spec.rules import Part, Rule
from understudy.values import SAFE_METHODS, at, join

if TYPE_CHECKING:
    from understudy.contract.probes import Prober

MALFORMED = ("Bearer", "understudy")
"""Values of Authorization that are no credentials at all, so that 400 is as good an answer (RFC 6750, section 3.1)."""
STRANGER = "understudy"
"""A user of HTTP Basic of whom no document speaks."""
PERMISSIONS = "x-permissions"
"""Where a security scheme says what its scopes or roles open, if it does."""
NOT_OPENED = "The restricted credential does not open a read"
ACCEPTED = "A request without a valid credential is accepted"
OPENED = "The restricted credential opens the operation"
WANTED = "A request without a credential is refused where none is needed"


def made_up(place: Place) -> Iterator[tuple[str, str]]:
    """Yield what can stand at the place and is no credential of anybody's, and in which way."""
    yield "a made-up one", place.value(GARBAGE)
    if place.prefix == BEARER:
        yield "Basic credentials", f"{BASIC}dTpw"
        yield "an unsigned JWT", place.value("eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1bmRlcnN0dWR5In0.")
        yield "three words with dots", place.value("understudy.no.token")


def forgeries(place: Place, secret: str) -> Iterator[tuple[str, Derived, str | None]]:
    """Yield what is made of a valid credential and is none: a prefix, the text, and the user with whom it is sent.

    The user is None for what is sent as it is, not as credentials of HTTP Basic.
    """
    for forged in (added(secret, "&x", "the valid one and a letter"), *nearly(secret, "the valid one")):
        yield place.prefix, forged, place.user if place.prefix == BASIC else None
    if place.prefix == BASIC and place.user:
        yield BASIC, added(secret, "&:x", "the valid one and more behind a colon"), place.user
        yield BASIC, Derived(secret, "the valid one of another user"), STRANGER
    if place.prefix == BEARER:
        yield BASIC, Derived(secret, "the token as Basic credentials"), None


class Access:
    """The access check of one operation, with the prober that sends."""

    def __init__(self, prober: "Prober", operation: Operation) -> None:
        self.prober = prober
        self.client = prober.client
        self.judge = prober.judge
        self.operation = operation

    def probe(self) -> None:
        """Call as nobody, with tokens that are none, with the restricted and with the full credential."""
        good = self.prober.any(self.operation.operation_id, f"{self.operation.operation_id} access")
        known = [*places(self.operation)]
        if good is None or not known:
            return
        if not self.operation.is_closed:
            self._optional(good)
            fresh = self.prober.any(self.operation.operation_id, f"{self.operation.operation_id} access, once more")
            if fresh is not None:
                self._full(fresh)
            return
        first, *others = known
        self._nobody(first, good)
        self._nobody_otherwise(others, good)
        if self.client.run.credentials.restricted is not None:
            self._restricted(good)  # right after a call of nobody's, which may have left its mark
            if not self._open_to_restricted:
                self._restricted_otherwise(others, good, self.client.run.credentials.restricted)
        self._full(good)

    def _optional(self, good: Sample) -> None:
        """Call with no credential where one may be sent, and none need be."""
        exchange = self._send(good, "none")
        rules = self.judge.rules.citing({Part.SECURITY}, [f"{self.operation.pointer}/security"])
        if exchange.response.status in (401, 403):
            self._refused(rules, exchange, WANTED, "2xx")
        elif exchange.response.status < 300:
            self._passed(rules, exchange)

    def _nobody(self, place: Place, good: Sample) -> None:
        """Call with no credential and with such as are none: 401, or where the document has no 401, 403 as well."""
        declared, rules = 401 in self.operation.statuses, self.judge.closing(self.operation, 401)
        malformed = MALFORMED if place.prefix == BEARER else ()
        for what, value in (
            ("no credential", None),
            *self._forged(place),
            *(("no credentials at all", value) for value in malformed),
        ):
            sent = good if value is None else good.with_value(place.location, place.name, value)
            exchange = self._send(sent, "none" if value is None else "garbage")
            status = exchange.response.status
            if status == 401 or (status == 403 and not declared):
                self._passed(rules, exchange)
            elif status < 300:
                self._refused(rules, exchange, ACCEPTED, "401", f" to {what}")
            elif status not in (429, *((400,) if value in malformed else ())) and declared:
                title = "A request without a valid credential is refused with another status than 401"
                self._refused(rules, exchange, title, "401", f" to {what}")

    def _nobody_otherwise(self, others: Iterable[Place], good: Sample) -> None:
        """Call with no credential and all that can be asked for, and with such as are none at the other places."""
        asked = good.with_all_parameters()
        if asked != good:
            rules, exchange = self.judge.closing(self.operation, 401), self._send(asked, "none")
            if exchange.response.status < 300:
                self._refused(rules, exchange, ACCEPTED, "401", " to no credential, asked with all parameters")
        for place in others:
            for what, value in self._forged(place):
                exchange = self._send(good.with_value(place.location, place.name, value), "garbage")
                if exchange.response.status < 300:
                    self._refused(self._of_scheme(place), exchange, ACCEPTED, "401", f" to {what}, by {place.scheme}")

    def _of_scheme(self, place: Place) -> list[Rule]:
        """Return the rules that cite a security requirement of that scheme."""
        document, found = self.judge.judged.value, list[Rule]()
        for rule in self.judge.rules:
            holder, _, number = rule.citation.pointer.rpartition("/")
            if rule.part is Part.SECURITY and holder.endswith("/security") and number.isdecimal():
                found += [rule] if place.scheme in at(document, rule.citation.pointer) else []
        return found

    def _forged(self, place: Place) -> Iterator[tuple[str, str]]:
        """Yield what can stand at the place and is no valid credential, and in which way."""
        yield from made_up(place)
        secret = self.client.token()
        if not secret:
            return
        for prefix, forged, user in forgeries(place, secret):
            sent = forged if user is None else forged.basic(user)
            for made in (forged, sent):
                self.client.secrets.derive(secret, made)
            yield forged.what, prefix + sent.text

    def _restricted(self, good: Sample) -> None:
        exchange = self._send(good, "restricted")
        status = exchange.response.status
        if self._open_to_restricted:
            rules = self.judge.rules.citing({Part.SECURITY}, [f"{self.operation.pointer}/security"])
            if status in (401, 403):
                self._refused(rules, exchange, NOT_OPENED, "2xx")
            elif status < 300:
                self._passed(rules, exchange)
                self._unknown(rules)
            return
        rules = self.judge.closing(self.operation, 403)
        if status == 403:
            self._passed(rules, exchange)
        elif status < 300:
            self._opened(exchange)
        elif status != 429 and 403 in self.operation.statuses:
            title = "The restricted credential is refused with another status than 403"
            self._refused(rules, exchange, title, "403 (or the credential is not valid at all: check it)")

    def _unknown(self, rules: Iterable[Rule]) -> None:
        """Read a record that is not there with the restricted credential: it may be told so."""
        unknown = sample(self.operation, self.client.run, f"{self.operation.operation_id} unknown")
        if self.operation.needs_record and self.operation.method in SAFE_METHODS and unknown is not None:
            exchange = self._send(unknown, "restricted")
            if exchange.response.status in (401, 403) and self._send(unknown, "full").response.status == 404:
                self._refused(rules, exchange, NOT_OPENED, "404", " to a record that is not there")

    def _restricted_otherwise(self, others: list[Place], good: Sample, secret: str) -> None:
        """Send the restricted credential at the other places too, and with all parameters at each."""
        asked = good.with_all_parameters()
        further = [asked] if asked != good else []
        sent = [("", each) for each in further]
        for place in others:
            value = place.value(secret)
            if place.prefix == BASIC:
                self.client.secrets.derive(secret, Derived(secret).basic(place.user))
            by = f" by {place.scheme}"
            sent += [(by, each.with_value(place.location, place.name, value)) for each in (good, *further)]
        for by, each in sent:
            exchange = self._send(each, "restricted")
            if exchange.response.status < 300:
                self._opened(exchange, by)

    def _opened(self, exchange: Exchange, by: str = "") -> None:
        needed = [join("components", "securitySchemes", scheme, PERMISSIONS, scope) for scheme, scope in self._needs]
        closing = self.judge.closing(self.operation, 403)
        rules = list(dict.fromkeys((*self.judge.rules.citing({Part.SECURITY}, needed), *closing)))
        if rules or 403 in self.operation.statuses:
            self._refused(rules, exchange, OPENED, "403", by)

    @property
    def _open_to_restricted(self) -> bool:
        return self.operation.opens_to(self.judge.pack.behaviour.restricted)

    @property
    def _needs(self) -> Iterator[tuple[str, str]]:
        """Yield each scheme that opens the operation, with each scope or role that it needs."""
        for need in self.operation.security:
            yield from ((scheme, scope) for scheme, scopes in need.items() for scope in scopes)

    def _full(self, good: Sample) -> None:
        exchange, pointer = self._send(good, "full"), self.operation.pointer
        rules = self.judge.rules.citing({Part.SECURITY}, [f"{pointer}/security"])
        offered = self.judge.rules.citing({Part.ROUTING}, [pointer])
        if exchange.response.status < 300:
            self._passed(() if self._open_to_restricted else rules, exchange)
            self._passed(offered, exchange)
        elif exchange.response.status in (401, 403):
            self._refused(rules, exchange, "The full credential does not open the operation", "2xx")
        elif self._not_offered(exchange):
            title, actual = "The operation is not offered", exchange.response.said
            self.prober.add("access", Outcome.FAILED, offered, exchange, title, "2xx", actual)

    def _not_offered(self, exchange: Exchange) -> bool:
        """Whether the answer to a good request says that path or method are not there, rather than a record."""
        status = exchange.response.status
        return status == 405 or (
            status == 404 and 404 not in self.operation.statuses and not self.operation.needs_record
        )

    def _send(self, sent: Sample, credential: str) -> Exchange:
        return self.prober.send(sent, "access", credential)

    def _passed(self, rules: Iterable[Rule], exchange: Exchange) -> None:
        self.prober.add("access", Outcome.PASSED, rules, exchange)

    def _refused(self, rules: Iterable[Rule], exchange: Exchange, title: str, expected: str, to: str = "") -> None:
        self.prober.failed("access", rules, self.operation, exchange, title, expected, f"{exchange.response.said}{to}")
