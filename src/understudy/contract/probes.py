"""Checks made from the document and the rules alone: constraints, access, limits. Each sends, and adds evidence."""

import time
from collections.abc import Iterable, Iterator

from understudy.contract.authentication import BASIC, BEARER, Place, places
from understudy.contract.client import GARBAGE, Client
from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.exchange import Exchange, retry_after
from understudy.contract.records import LACKING, record
from understudy.contract.samples import Sample, on_the_wire, sample
from understudy.contract.target import LIMITED, REGIME
from understudy.contract.variants import Variant, variants
from understudy.spec.document import Operation
from understudy.spec.rules import Part, Rule

PROBED = {
    Part.PARAMETERS: "constraints",
    Part.BODY: "constraints",
    Part.MEDIA_TYPE: "constraints",
    Part.ROUTING: "access",
    Part.SECURITY: "access",
    Part.LIMITS: "limits",
    Part.ANSWER: "response",
}
"""Which check covers the rules of which part of the pipeline, whatever the pack."""

MALFORMED = ("Bearer", "understudy")
"""Values of Authorization that are no credentials at all, so that 400 is as good an answer (RFC 6750, section 3.1)."""
LIMIT_TRIES = 50
LONGEST_WAIT = 5  # seconds that the limits probe waits for a quota to open again


def forgeries(place: Place, secret: str | None) -> Iterator[tuple[str, str]]:
    """Yield what can stand at the place and is no valid credential, and in which way.

    The letter that is changed is not the last one, of which base64 ignores some bits: a JWT would stay valid.
    """
    yield "a made-up one", place.value(GARBAGE)
    if place.prefix == BEARER:
        yield "Basic credentials", f"{BASIC}dTpw"
        yield "an unsigned JWT", place.value("eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1bmRlcnN0dWR5In0.")
        yield "three words with dots", place.value("understudy.no.token")
    if secret:
        middle = len(secret) // 2
        changed = "x" if secret[middle] != "x" else "y"
        yield "the valid one and a letter", place.value(f"{secret}x")
        yield "the valid one with a letter changed", place.value(f"{secret[:middle]}{changed}{secret[middle + 1 :]}")
        if secret.swapcase() != secret:
            yield "the valid one in other case", place.value(secret.swapcase())
        if place.prefix == BEARER:
            yield "the token as Basic credentials", f"{BASIC}{secret}"


class Prober:
    """The probes of one run, with its client."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.run = client.run
        self.judge = client.judge

    def good(self, operation_id: str, label: str) -> Sample | None:
        """Return a good request of an operation for a record of its own, which is there if it needs to be.

        None where the document has no example, or the record cannot be had.
        """
        operation = self.judge.pack.effective.operations[operation_id]
        if not operation.needs_record:
            return sample(operation, self.run, label)
        known = record(self.client, label, spared=operation.method != "DELETE")
        return sample(operation, self.run, label, known) if known is not None else None

    def any(self, operation_id: str, label: str) -> Sample | None:
        """Return a good request, even where the record that it needs cannot be had."""
        operation = self.judge.pack.effective.operations[operation_id]
        return self.good(operation_id, label) or sample(operation, self.run, label)

    def send(
        self, sample: Sample, check: str, credential: str = "full", base_url: str | None = None, *, obey: bool = True
    ) -> Exchange:
        """Send a sample as one of the callers."""
        request = on_the_wire(sample, self.run, secret=self.client.secret(credential), base_url=base_url)
        return self.client.send(request, sample.operation.operation_id, check, credential, obey=obey)

    def add(
        self,
        check: str,
        outcome: Outcome,
        rules: Iterable[Rule],
        exchange: Exchange,
        title: str = "",
        expected: str = "",
        actual: str = "",
    ) -> None:
        """Add one piece of evidence per rule."""
        for rule in rules:
            curl = self.client.trail.told(exchange) if outcome is not Outcome.PASSED else ""
            self.client.collector.add(
                [Evidence(check, outcome, rule.id, exchange.operation_id, title, expected, actual, curl)]
            )

    # --- constraints on the request ---------------------------------------------------------------------------------

    def constraints(self, operation_id: str) -> None:
        """Send, for each rule on the request, what lies at its bound and what lies beyond."""
        for rule in self.judge.rules:
            if rule.operation != operation_id or rule.relaxes or PROBED.get(rule.part or Part.ANSWER) != "constraints":
                continue
            base = self.good(operation_id, f"{rule.id} base")
            if base is None:
                lacking = Evidence("constraints", Outcome.NOT_EXERCISED, rule.id, operation_id, reason=LACKING)
                self.client.collector.add([lacking])
                continue
            for number, variant in enumerate(variants(rule, base)):
                self._variant(rule, base, variant, number)

    def _variant(self, rule: Rule, base: Sample, variant: Variant, number: int) -> None:
        own = self.good(rule.operation, f"{rule.id} {number}")
        sent = variant.sample
        if own is not None and rule.part is not Part.PARAMETERS:
            sent = sent.moved(base, own)
        exchange = self.send(sent, "constraints")
        refused = 400 <= exchange.response.status < 500 and exchange.response.status not in (401, 403, 429)
        if variant.good and refused and self._taken(rule.operation, number):
            title = "A request at the bound of the rule is refused"
            self.add(
                "constraints",
                Outcome.FAILED,
                [rule],
                exchange,
                title,
                "2xx",
                f"{exchange.response.status} to {variant.what}",
            )
        elif variant.good and exchange.response.status < 300:
            self.add("constraints", Outcome.PASSED, [rule], exchange)

    def _taken(self, operation_id: str, number: int) -> bool:
        """Whether the request that a variant is made of is taken; else it is not the bound that was refused."""
        control = self.good(operation_id, f"{operation_id} control {number}")
        return control is not None and self.send(control, "constraints").response.status < 300

    # --- who may call -----------------------------------------------------------------------------------------------

    def access(self, operation_id: str) -> None:
        """Call as nobody, with tokens that are none, with the restricted and with the full credential."""
        operation = self.judge.judged.operations[operation_id]
        good = self.any(operation_id, f"{operation_id} access")
        place = next(places(operation), None)
        if good is None or place is None:
            return
        self._nobody(operation, place, good)
        self._full(operation, good)
        if self.run.credentials.restricted is not None:
            self._restricted(operation, good)

    def _nobody(self, operation: Operation, place: Place, good: Sample) -> None:
        """Call with no credential and with such as are none: 401, or where the document has no 401, 403 as well."""
        rules = self.judge.closing(operation, 401)
        right = {401} if 401 in operation.statuses else {401, 403}
        malformed = MALFORMED if place.prefix == BEARER else ()
        for what, value in (
            ("no credential", None),
            *forgeries(place, self.client.token()),
            *(("no credentials at all", value) for value in malformed),
        ):
            self._keep_secret((value or "").removeprefix(place.prefix))
            sent = good if value is None else good.with_value(place.location, place.name, value)
            exchange = self.send(sent, "access", "none" if value is None else "garbage")
            status = exchange.response.status
            if status in right:
                self.add("access", Outcome.PASSED, rules, exchange)
            elif status < 400:
                title = "A request without a valid credential is accepted"
                self._refused(rules, operation, exchange, title, "401", f" to {what}")
            elif status not in (429, *((400,) if value in malformed else ())) and 401 in operation.statuses:
                title = "A request without a valid credential is refused with another status than 401"
                self._refused(rules, operation, exchange, title, "401", f" to {what}")

    def _keep_secret(self, forged: str) -> None:
        """Hide a forged credential too, if it is made of a secret one, which anybody could make of it again."""
        secret = (self.client.token() or "").lower()
        half = len(secret) // 2  # behind which a letter is changed
        if secret and len(forged) >= len(secret) and forged != GARBAGE and forged.lower()[:half] == secret[:half]:
            self.client.keep_secret(forged)

    def _full(self, operation: Operation, good: Sample) -> None:
        exchange = self.send(good, "access")
        rules = self.judge.rules.citing({Part.SECURITY}, [f"{operation.pointer}/security"])
        if exchange.response.status < 300:
            binding = [rule for rule in rules if not self._open_to_restricted(operation)]
            self.add("access", Outcome.PASSED, binding, exchange)
            self.add("access", Outcome.PASSED, self.judge.rules.citing({Part.ROUTING}, [operation.pointer]), exchange)
        elif exchange.response.status in (401, 403):
            title = "The full credential does not open the operation"
            self._refused(rules, operation, exchange, title, "2xx")
        elif self._not_offered(operation, exchange):
            offered = self.judge.rules.citing({Part.ROUTING}, [operation.pointer])
            title, actual = "The operation is not offered", str(exchange.response.status)
            self.add("access", Outcome.FAILED, offered, exchange, title, "2xx", actual)

    def _not_offered(self, operation: Operation, exchange: Exchange) -> bool:
        """Whether the answer to a good request says that path or method are not there, rather than a record."""
        status = exchange.response.status
        return status == 405 or (status == 404 and 404 not in operation.statuses and not operation.needs_record)

    def _restricted(self, operation: Operation, good: Sample) -> None:
        exchange = self.send(good, "access", "restricted")
        status = exchange.response.status
        if self._open_to_restricted(operation):
            rules = self.judge.rules.citing({Part.SECURITY}, [f"{operation.pointer}/security"])
            if status in (401, 403):
                self._refused(rules, operation, exchange, "The restricted credential does not open a read", "2xx")
            elif status < 300:
                self.add("access", Outcome.PASSED, rules, exchange)
            return
        rules = self.judge.closing(operation, 403)
        if status == 403:
            self.add("access", Outcome.PASSED, rules, exchange)
        elif status < 400 and (rules or 403 in operation.statuses):
            self._refused(rules, operation, exchange, "The restricted credential opens the operation", "403")
        elif status != 429 and 403 in operation.statuses:
            title = "The restricted credential is refused with another status than 403"
            self._refused(rules, operation, exchange, title, "403 (or the credential is not valid at all: check it)")

    def _open_to_restricted(self, operation: Operation) -> bool:
        allowed = set(self.judge.pack.behaviour.restricted)
        return any(set(scopes) <= allowed for need in operation.security for scopes in need.values())

    def _refused(
        self, rules: Iterable[Rule], operation: Operation, exchange: Exchange, title: str, expected: str, to: str = ""
    ) -> None:
        self._failed("access", rules, operation, exchange, title, expected, f"{exchange.response.status}{to}")

    def _failed(
        self,
        check: str,
        rules: Iterable[Rule],
        operation: Operation,
        exchange: Exchange,
        title: str,
        expected: str,
        actual: str,
    ) -> None:
        """Add a failure for each rule; where no rule has the sentence, one without a rule."""
        curl = self.client.trail.told(exchange)
        for rule in [*(rule.id for rule in rules)] or (None,):
            piece = Evidence(check, Outcome.FAILED, rule, operation.operation_id, title, expected, actual, curl)
            self.client.collector.add([piece])

    # --- limits -----------------------------------------------------------------------------------------------------

    def limits(self, operation_id: str) -> None:
        """Use up the quota of the session that has a tiny one, then wait as long as it says and try again."""
        good = self.any(operation_id, f"{operation_id} limits")
        limited = self.run.sessions.get(LIMITED)
        if good is None or limited is None:
            return
        self.client.trail = self.client.new_trail(whole=True)
        refused = False
        for _ in range(LIMIT_TRIES):
            exchange = self.send(good, "limits", base_url=limited, obey=False)
            refused = refused or exchange.response.status == 429
            wait = retry_after(exchange.response)
            if exchange.response.status == 429 and wait is not None and wait <= LONGEST_WAIT:
                time.sleep(wait)
                self.client.trail.waited(wait)
                again = self.send(good, "limits", base_url=limited, obey=False)
                self._reopened(good.operation, again, wait)
                return
        if not refused:
            self._unlimited(good.operation, exchange)

    def regime(self, operation_id: str) -> None:
        """Use up the quota that the vendor documents: so many requests are allowed, and the next one is not."""
        behaviour, good = self.judge.pack.behaviour, self.any(operation_id, f"{operation_id} regime")
        url, rule = self.run.sessions.get(REGIME), self.judge.rules.by_id.get(behaviour.quota_rule)
        if good is None or url is None or rule is None:
            return
        allowed = min(quota.limit for regime in behaviour.quotas.values() for quota in regime)
        self.client.trail = self.client.new_trail(whole=True)
        for number in range(1, allowed + 2):
            exchange = self.send(good, "limits", base_url=url, obey=False)
            if (exchange.response.status == 429) != (number > allowed):
                title = "Another number of requests is allowed than the document says"
                actual = f"{exchange.response.status} to the request number {number}"
                self._failed("limits", [rule], good.operation, exchange, title, f"429 after {allowed} requests", actual)
                return
        self.add("limits", Outcome.PASSED, [rule], exchange)

    def _unlimited(self, operation: Operation, last: Exchange) -> None:
        pointer = f"{operation.pointer}/responses/429"
        rules = self.judge.rules.citing({Part.LIMITS}, (pointer, f"{pointer}/description"))
        title = "Too many requests are not refused with 429"
        actual = f"{last.response.status} to the request number {LIMIT_TRIES}"
        self._failed("limits", rules, operation, last, title, "429", actual)

    def _reopened(self, operation: Operation, again: Exchange, wait: float) -> None:
        rules = self._on_waiting(operation)
        if again.response.status != 429:
            self.add("limits", Outcome.PASSED, rules, again)
            return
        title, actual = "Requests are still refused after the seconds of Retry-After", f"429 after {wait:g} s"
        self._failed("limits", rules, operation, again, title, "no 429", actual)

    def _on_waiting(self, operation: Operation) -> tuple[Rule, ...]:
        """Return the rules that promise something for the time after Retry-After: those that cite what describes it."""
        spec = self.judge.judged.operations[operation.operation_id].response(429)
        header = spec.headers.get("retry-after") if spec else None
        if header is None:
            return ()
        places = [f"{header.pointer}/description", f"{header.pointer}/schema/description"]
        return self.judge.rules.citing({Part.LIMITS}, places)
