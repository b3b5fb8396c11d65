"""Checks made from the document and the rules alone: constraints, access, limits. Each sends, and adds evidence."""

import time
from collections.abc import Iterable

from understudy.contract.access import Access
from understudy.contract.client import Client
from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.exchange import NO_ANSWER, Exchange, retry_after
from understudy.contract.grants import Grants
from understudy.contract.records import LACKING, record
from understudy.contract.samples import Sample, on_the_wire, sample
from understudy.contract.target import LIMITED, REGIME
from understudy.contract.tokens import token_path
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

LEAVES_ALONE = frozenset({400, 405, 413, 414, 415, 422, 431})
"""Statuses that refuse a request itself; a 404 may say that its record has gone."""
LIMIT_TRIES = 50
LONGEST_WAIT = 5  # seconds that the limits probe waits for a quota to open again


class Prober:
    """The probes of one run, with its client."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.run = client.run
        self.judge = client.judge
        self._spoilt = 0
        """How many requests that were to be refused may have changed the record that they share."""

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
        self._shared(operation_id)

    def _shared(self, operation_id: str) -> None:
        """Send what nearly keeps a rule on another operation's body, where this one's body has the same schema.

        One kind of reader may stand before each operation: whether it is a lenient one, the nearest misses tell, and to
        send the others again would take the time of all other checks. The judge finds what is taken.
        """
        base = self.good(operation_id, f"{operation_id} base")
        if base is None or not isinstance(base.body, dict):
            return
        for rule in self.judge.rules:
            if rule.operation != operation_id and rule.part is Part.BODY and not rule.relaxes:
                donor = sample(self.judge.pack.effective.operations[rule.operation], self.run, f"{operation_id} base")
                body = donor.body | base.body if donor is not None and isinstance(donor.body, dict) else base.body
                whole = base.with_body(body)  # an example may lack what the other one has
                for number, variant in enumerate(each for each in variants(rule, whole) if each.near and not each.good):
                    self._variant(rule, base, variant, number)

    def _variant(self, rule: Rule, base: Sample, variant: Variant, number: int) -> None:
        exchange = self.send(self.moved(rule, base, variant, f"{rule.id} {number}"), "constraints")
        if not variant.good and exchange.response.status not in LEAVES_ALONE:
            self.spoil()
        refused = exchange.response.status >= 400 and exchange.response.status not in (401, 403, 429)
        if variant.good and refused and self._taken(rule.operation, number):
            title, actual = _at_the_bound(exchange.response.status), f"{exchange.response.said} to {variant.what}"
            self.add("constraints", Outcome.FAILED, [rule], exchange, title, "2xx", actual)
        elif variant.good and exchange.response.status < 300:
            self.add("constraints", Outcome.PASSED, [rule], exchange)

    def moved(self, rule: Rule, base: Sample, variant: Variant, what: str) -> Sample:
        """Return a variant of a request for a record of its own; that of a rule on parameters goes out as it is.

        What is to be refused shares a record, as long as it is refused.
        """
        if rule.part is Part.PARAMETERS:
            return variant.sample
        named = base.operation.operation_id
        shared = base.operation.needs_record and not variant.good
        own = self.good(named, f"{named} refused {self._spoilt}" if shared else f"{named} {what}")
        return variant.sample.moved(base, own) if own is not None else variant.sample

    def spoil(self) -> None:
        """Have what is to be refused share another record from now on."""
        self._spoilt += 1

    def _taken(self, operation_id: str, number: int) -> bool:
        """Whether the request that a variant is made of is taken; else it is not the bound that was refused."""
        control = self.good(operation_id, f"{operation_id} control {number}")
        return control is not None and self.send(control, "constraints").response.status < 300

    # --- who may call -----------------------------------------------------------------------------------------------

    def access(self, operation_id: str) -> None:
        """Call as nobody, with tokens that are none, with the restricted and with the full credential."""
        operation = self.judge.judged.operations[operation_id]
        if operation.path == token_path(self.judge.judged):
            Grants(self, operation).probe()
        Access(self, operation).probe()

    def failed(
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
        named, status = operation.operation_id, exchange.response.status
        for rule in [*(rule.id for rule in rules)] or (None,):
            piece = Evidence(check, Outcome.FAILED, rule, named, title, expected, actual, curl, status=status)
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
                actual = f"{exchange.response.said} to the request number {number}"
                self.failed("limits", [rule], good.operation, exchange, title, f"429 after {allowed} requests", actual)
                return
        self.add("limits", Outcome.PASSED, [rule], exchange)

    def _unlimited(self, operation: Operation, last: Exchange) -> None:
        pointer = f"{operation.pointer}/responses/429"
        rules = self.judge.rules.citing({Part.LIMITS}, (pointer, f"{pointer}/description"))
        title = "Too many requests are not refused with 429"
        actual = f"{last.response.said} to the request number {LIMIT_TRIES}"
        self.failed("limits", rules, operation, last, title, "429", actual)

    def _reopened(self, operation: Operation, again: Exchange, wait: float) -> None:
        rules = self._on_waiting(operation)
        if again.response.status == 429:
            title, actual = "Requests are still refused after the seconds of Retry-After", f"429 after {wait:g} s"
            self.failed("limits", rules, operation, again, title, "no 429", actual)
        elif again.response.status < 500:
            self.add("limits", Outcome.PASSED, rules, again)

    def _on_waiting(self, operation: Operation) -> tuple[Rule, ...]:
        """Return the rules that promise something for the time after Retry-After: those that cite what describes it."""
        spec = self.judge.judged.operations[operation.operation_id].response(429)
        header = spec.headers.get("retry-after") if spec else None
        if header is None:
            return ()
        places = [f"{header.pointer}/description", f"{header.pointer}/schema/description"]
        return self.judge.rules.citing({Part.LIMITS}, places)


def _at_the_bound(status: int) -> str:
    """Return what is said of a request at a rule's bound that is not taken."""
    if status == NO_ANSWER:
        return "A request at the bound of the rule has no answer"
    return f"A request at the bound of the rule {'is refused' if status < 500 else 'meets a server error'}"
