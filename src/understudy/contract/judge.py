"""The judge of single exchanges: whatever is sent, by whichever check, its answer is held against the judged document.

Follows DESIGN's table of what fails and what is a remark. Behaviour over several calls is the scenarios' matter.
"""

from collections.abc import Iterable, Iterator

from understudy.contract.demands import Breach, Excuse, breaches, parse_json
from understudy.contract.evidence import Evidence, Outcome
from understudy.contract.exchange import NO_ANSWER, Exchange, Response
from understudy.contract.second_opinion import second_opinion
from understudy.contract.shapes import Shape
from understudy.pack import Pack
from understudy.spec.document import Header, Operation, ResponseSpec, Schema
from understudy.spec.rules import ANSWER_PARTS, REQUEST_PARTS, Part, Rule, Rules
from understudy.spec.wire import header_text, is_json, text
from understudy.values import Json, dereference, prefixes

REFUSALS = frozenset({400, 404, 405, 413, 414, 415, 422, 431})
"""4xx statuses with which any server may refuse a bad request, declared or not.

Whether a request is bad the document alone does not say: scenarios, probes and the oracle say what must be taken.
"""
_KNOWN = 4096
"""Of how many shapes it is known which rules they keep."""
_SHOWN = 500


def in_scope(rule: Rule, scope: str) -> bool:
    """Whether a target is held to a rule: in `core` not to what another page of the vendor's says."""
    return scope == "full" or rule.scope == "core" or rule.citation.page is None


class Judge:
    """Holds exchanges against the judged document of a scope, and names the rules of that scope."""

    def __init__(self, pack: Pack, scope: str, *, strict: bool = False) -> None:
        self.pack = pack
        self.scope = scope
        self.judged = pack.judged(scope)
        self.rules = Rules(pack.rules.source, [rule for rule in pack.rules if in_scope(rule, scope)])
        self.lenient = {} if strict else self.rules.relaxed
        self.second = second_opinion(self.judged)
        self._kept: dict[tuple[str, Shape], tuple[Rule, ...]] = {}

    def operation(self, operation_id: str | None) -> Operation | None:
        """Return the judged operation of that id; None where the scope has none."""
        return self.judged.operations.get(operation_id) if operation_id else None

    def judge(self, exchange: Exchange, check: str) -> list[Evidence]:
        """Return all evidence that one exchange gives; `check` says whose request it was."""
        operation = self.operation(exchange.operation_id)
        if operation is None:
            return []
        return list(_Hearing(self, exchange, operation, check).evidence())

    def kept(self, schema: Schema, value: Json, shape: Shape | None) -> tuple[Rule, ...]:
        """Return the rules on a schema's keywords that a body keeps; `shape` is that of one which breaks none.

        To ask for all keywords that had a say takes longer than all else, and those of one shape have had the same.
        """
        known = self._kept.get((schema.pointer, shape)) if shape is not None else None
        if known is None:
            known = self.rules.citing(ANSWER_PARTS, schema.applied(value))
            if shape is not None and len(self._kept) < _KNOWN:
                self._kept[schema.pointer, shape] = known
        return known

    def on_answers(self, keyword: str) -> tuple[Rule, ...]:
        """Return the rules on what an answer breaks: those that cite the keyword or, failing that, its property.

        A sister keyword is good enough (a date that is a number breaks the rule on its format); beyond the property,
        rules speak of something else.
        """
        exact = self.rules.citing(ANSWER_PARTS, [keyword])
        if exact:
            return exact
        for place in list(prefixes(keyword))[1:]:
            near = tuple(
                rule
                for rule in self.rules
                if rule.part in ANSWER_PARTS
                and place in (rule.citation.pointer, rule.citation.pointer.rpartition("/")[0])
            )
            holder = place.rpartition("/")[0]
            if near or holder.endswith(("/properties", "/schemas", "/schema")):
                return near
        return ()

    def closing(self, operation: Operation, status: int) -> tuple[Rule, ...]:
        """Return the rules that close an operation: with 401 to those without a credential, with 403 to the restricted.

        There are none where a credential is optional.
        Where no rule is on the 401, those on the operation's security; beside one on the 403, those on scopes.
        """
        if not operation.is_closed:
            return ()
        pointer = f"{operation.pointer}/responses/{status}"
        cited = self.rules.citing({Part.SECURITY}, (pointer, f"{pointer}/description"))
        if status == 401:
            declared = 401 in operation.statuses
            return cited if declared else self.rules.citing({Part.SECURITY}, [f"{operation.pointer}/security"])
        if self.pack.vendored.operations.get(operation.operation_id) is None:
            return cited
        scopes = (each for each in self.rules if each.part is Part.SECURITY and "/scopes/" in each.citation.pointer)
        return (*cited, *scopes)

    def breaches(self, exchange: Exchange, operation: Operation) -> tuple[list[Breach], bool]:
        """Return what the request breaks of the judged document, and whether the vendored one agrees that it is bad."""
        found = breaches(operation, exchange.request)
        vendored = self.pack.vendored.operations.get(operation.operation_id)
        agreed = vendored is None or bool(breaches(vendored, exchange.request)) == bool(found)
        return found, agreed


class _Hearing:
    """One exchange before the judge."""

    def __init__(self, judge: Judge, exchange: Exchange, operation: Operation, check: str) -> None:
        self.judge = judge
        self.exchange = exchange
        self.response: Response = exchange.response
        self.operation = operation
        self.check = check
        self.breaches, self.agreed = judge.breaches(exchange, operation)
        self.invalid = ""
        """What jsonschema-rs has against the answer, for the second opinion."""

    def evidence(self) -> Iterator[Evidence]:
        """Yield what the exchange shows of the request's rules, of the status, and of the answer."""
        yield from self._treatment()
        spec = self.operation.response(self.response.status)
        if spec is None or self.response.status >= 500:
            yield from self._undeclared()
            return
        yield from self._pass(self.judge.rules.citing({Part.ANSWER}, [f"{self.operation.pointer}/responses"]))
        if self.response.status == 429:
            yield from self._pass(self.judge.rules.citing({Part.LIMITS}, [f"{spec.pointer}/description"]))
        yield from self._headers(spec)
        yield from self._body(spec)
        yield from self._second_opinion()

    # --- how the request was treated --------------------------------------------------------------------------------

    def _treatment(self) -> Iterator[Evidence]:
        status = self.response.status
        if not self.breaches or not self.agreed or self.exchange.credential != "full":
            return
        if status < 300:
            for rule, breach in self._broken_rules():
                yield self._accepted(rule, breach)
        elif status >= 500:
            for rule, breach in self._broken_rules():
                title = "A request that breaks the rule meets a server error"
                actual = f"{self.response.said} to a request where {breach.message}"
                yield self._fail(rule, title, "a refusal (4xx)", actual)
        elif 400 <= status < 500 and status not in (401, 403, 429) and not self._gone():
            rules = {rule.id for rule, _ in self._broken_rules() if rule is not None}
            if len(rules) == 1:
                yield from self._pass(rule for rule, _ in self._broken_rules() if rule is not None)
            yield from self._refused_with(status)

    def _accepted(self, rule: Rule | None, breach: Breach) -> Evidence:
        """Return a finding, or a remark where the vendor has been seen not to insist on the rule."""
        actual = f"{self.response.status} to a request where {breach.message}"
        observed = self.judge.lenient.get(rule.id) if rule is not None else None
        if observed is not None:
            title = f"A request that breaks the rule is accepted, as {observed.id} has it"
            return self._evidence(Outcome.REMARK, rule, title, "a refusal (4xx)", actual)
        excuse = breach.excuse
        if excuse is not None and (excuse is not Excuse.NULL or self.judge.pack.provenance.transcribed):
            return self._evidence(Outcome.REMARK, rule, excuse.value, "a refusal (4xx)", actual)
        return self._fail(rule, "A request that breaks the rule is accepted", "a refusal (4xx)", actual)

    def _gone(self) -> bool:
        """Whether the answer speaks of a record that is not there, and so says nothing of the request."""
        return self.response.status == 404 and 404 in self.operation.statuses

    def _refused_with(self, status: int) -> Iterator[Evidence]:
        """Pass the rules on that status: those on the parts of the request that are wrong, and on bad ones as such."""
        declared = f"{self.operation.pointer}/responses/{status}"
        parts = {breach.part for breach in self.breaches} | ({Part.BODY} if status == 400 else set())
        yield from self._pass(self.judge.rules.citing(parts, (declared, f"{declared}/description")))

    def _broken_rules(self) -> Iterator[tuple[Rule | None, Breach]]:
        for breach in self.breaches[:3]:
            rules = self.judge.rules.played_by(REQUEST_PARTS & {breach.part}, breach.pointer)
            for rule in rules or (None,):
                yield rule, breach

    # --- the status -------------------------------------------------------------------------------------------------

    def _undeclared(self) -> Iterator[Evidence]:
        status = self.response.status
        rules = self.judge.rules.citing({Part.ANSWER}, [f"{self.operation.pointer}/responses"]) or (None,)
        declared = ", ".join(str(known) for known in sorted(self.operation.statuses))
        if status >= 500:
            named = (
                [rule for rule, _ in self._broken_rules() if rule is not None] if self.breaches and self.agreed else []
            )
            for rule in rules:
                detail = f"{self.response.said} to {'a bad' if named else 'the'} request"
                title = "No answer comes" if status == NO_ANSWER else "The answer is a server error"
                yield self._fail(rule, title, f"one of {declared}", detail)
        elif status < 400:
            for rule in rules:
                yield self._fail(
                    rule, "The answer has a status that is not documented", f"one of {declared}", str(status)
                )
        elif (
            status not in REFUSALS
            and not self.breaches
            and self.exchange.credential == "full"
            and status not in (401, 403, 429)
        ):
            for rule in rules:
                title = "A good request is refused with a status that is not documented"
                yield self._fail(rule, title, f"one of {declared}", str(status))
        else:
            title = f"{self.operation.operation_id} refuses a request with {status}, which is not documented"
            yield self._evidence(Outcome.REMARK, None, title, f"one of {declared}", str(status))

    # --- headers and body -------------------------------------------------------------------------------------------

    def _headers(self, spec: ResponseSpec) -> Iterator[Evidence]:
        missing = []
        for header in spec.headers.values():
            value = self.response.header(header.name)
            if value is None:
                missing.append(header)
            elif header.schema is not None:
                yield from self._header(header, value)
        yield from self._missing(spec, missing)

    def _header(self, header: Header, text: str) -> Iterator[Evidence]:
        assert header.schema is not None
        rules = self.judge.rules.played_by(ANSWER_PARTS, header.schema.pointer) or (None,)
        value = header.reader.value(header_text(text.encode("latin-1", "replace")))
        violation = next(header.schema.violations(value), None)
        if violation is None:
            yield from self._pass(rule for rule in rules if rule is not None)
            return
        self.invalid = f"{header.name}: {text}"
        for rule in rules:
            title = f"The header {header.name} is not what the document says"
            yield self._fail(
                rule, title, _schema_text(header.schema.value), f"{header.name}: {text} ({violation.message})"
            )

    def _missing(self, spec: ResponseSpec, missing: list[Header]) -> Iterator[Evidence]:
        listed = self.judge.rules.citing(ANSWER_PARTS, [f"{spec.pointer}/headers"])
        for header in missing:
            if header.required:
                rules = self.judge.rules.played_by(ANSWER_PARTS, header.pointer) or (None,)
                for rule in rules:
                    yield self._fail(rule, f"The header {header.name} is missing", header.name, "no such header")
        optional = [header.name for header in missing if not header.required]
        for rule in listed:
            if optional:
                title = f"{self.response.status} comes without headers that the document lists"
                yield self._fail(
                    rule, title, ", ".join(each.name for each in spec.headers.values()), f"no {', '.join(optional)}"
                )
            else:
                yield from self._pass([rule])

    def _body(self, spec: ResponseSpec) -> Iterator[Evidence]:
        if self.response.status == 204 and (self.response.header("content-length") or "0").strip() != "0":
            yield from self._body_of_204()
        if not spec.media_types or self.exchange.request.method == "HEAD" or self.response.status == 204:
            return
        media_type = self.response.media_type or ""
        expected = " or ".join(spec.media_types)
        where = next(iter(spec.content.values())).pointer if spec.content else spec.pointer
        rules = self.judge.rules.citing(ANSWER_PARTS, [dereference(self.judge.judged.value, where)[0]]) or (None,)
        declared = spec.declared(media_type)
        if declared is None:
            self.invalid = f"media type {media_type or 'none'}"
            for rule in rules:
                actual = f"Content-Type: {media_type or 'none'}, {len(self.response.body)} bytes"
                yield self._ill(rule, f"{self.response.status} has not the documented media type", expected, actual)
            return
        if self.response.cut:
            yield self._too_long()
            return
        schema = spec.content.get(declared)
        if schema is None or not is_json(media_type):
            return
        try:
            value = parse_json(self.response.body)
        except (ValueError, RecursionError) as error:
            self.invalid = str(error)
            for rule in rules:
                actual = f"{error}: {_excerpt(self.response.body)}"
                yield self._ill(rule, f"The body of {self.response.status} is not JSON", expected, actual)
            return
        yield from self._schema(schema.pointer, value)

    def _too_long(self) -> Evidence:
        read = f"{len(self.response.body) / 2**20:.0f} MiB"
        self.invalid = f"longer than {read}"
        title = f"The body of {self.response.status} is too long to be judged"
        return self._fail(None, title, f"at most {read}", f"more, beginning {_excerpt(self.response.body)}")

    def _body_of_204(self) -> Iterator[Evidence]:
        length = self.response.header("content-length")
        title = "A 204 announces a body, which it cannot have (RFC 9110, section 15.3.5)"
        yield self._evidence(Outcome.REMARK, None, title, "no Content-Length", f"Content-Length: {length}")

    def _schema(self, pointer: str, value: Json) -> Iterator[Evidence]:
        schema = self.judge.judged.schema(pointer)
        try:
            violations = list(schema.violations(value))[:5]
        except ValueError as error:  # nested beyond what jsonschema-rs takes
            title = f"The body of {self.response.status} is nested too deeply to be checked"
            yield self._evidence(Outcome.REMARK, None, title, "an answer that can be checked", str(error))
            return
        for violation in violations:
            self.invalid = violation.message[:_SHOWN]
            keyword = next(word for word in reversed(violation.keyword.split("/")) if not word.isdecimal())
            title = (
                f"The body of {self.response.status} breaks the schema ({violation.keyword.rpartition('/schemas/')[2]})"
            )
            for rule in self.judge.on_answers(violation.keyword) or (None,):
                actual = f"{violation.message[:_SHOWN]} at {violation.instance or 'the root'}"
                yield self._ill(rule, title, f"what the document says under {keyword}", actual)
        shape = self.judge.second.shape(self.response.body) if not violations else None
        yield from self._pass(self.judge.kept(schema, value, shape))

    def _second_opinion(self) -> Iterator[Evidence]:
        if self.exchange.request.method != self.operation.method or self.response.cut:
            return
        objection = self.judge.second.objection(self.exchange, anew=bool(self.invalid))
        if objection is not None and not self.invalid:
            title = "openapi-core takes an answer for wrong that jsonschema-rs takes for right"
            yield self._evidence(Outcome.REMARK, None, title, "both agree", objection, check="second-opinion")
        elif objection is None and self.invalid:
            title = "openapi-core takes an answer for right that jsonschema-rs takes for wrong"
            yield self._evidence(Outcome.REMARK, None, title, "both agree", self.invalid, check="second-opinion")

    # --- the words --------------------------------------------------------------------------------------------------

    def _pass(self, rules: Iterable[Rule]) -> Iterator[Evidence]:
        for rule in rules:
            yield Evidence(self.check, Outcome.PASSED, rule.id, self.operation.operation_id)

    def _ill(self, rule: Rule | None, title: str, expected: str, actual: str) -> Evidence:
        """Return a failure, or a remark where no rule wants a refusal to be worded in another way than it is."""
        outcome = Outcome.REMARK if rule is None and self.response.status >= 400 else Outcome.FAILED
        return self._evidence(outcome, rule, title, expected, actual)

    def _fail(self, rule: Rule | None, title: str, expected: str, actual: str) -> Evidence:
        return self._evidence(Outcome.FAILED, rule, title, expected, actual)

    def _evidence(
        self, outcome: Outcome, rule: Rule | None, title: str, expected: str, actual: str, check: str | None = None
    ) -> Evidence:
        return Evidence(
            check or self.check,
            outcome,
            rule.id if rule else None,
            self.operation.operation_id,
            title,
            expected,
            actual[: 2 * _SHOWN],
            self.exchange.request.curl(),
            status=self.response.status,
        )


def _schema_text(schema: Json) -> str:
    return ", ".join(f"{key}: {text(value)}" for key, value in schema.items() if key not in ("description", "example"))


def _excerpt(body: bytes) -> str:
    return body[:200].decode("utf-8", "replace")
