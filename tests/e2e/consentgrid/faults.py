"""Faults that break one sentence of ConsentGrid's each: registers of their own, or what stands before one."""

import json
from collections.abc import Mapping
from hashlib import sha256

from tests.e2e.breaking import Case, case
from tests.e2e.consentgrid.servers import Data, Key, Register, Subject
from tests.e2e.serving import Answer, Bad, Call, Fault, Json


class ThirdUpdateRewrites(Register):
    """The third update of a subject without saveOption rewrites it."""

    def merged(self, call: Call, subject: Subject, sent: Data) -> Data:
        third = subject.updates == 3 and call.asked("saveOption") is None
        return sent if third else super().merged(call, subject, sent)


class OtherTypeRewrites(Register):
    """Subjects of another type than user are always rewritten."""

    def merged(self, call: Call, subject: Subject, sent: Data) -> Data:
        return super().merged(call, subject, sent) if subject.type == "user" else sent


class FieldsWithoutCase(Register):
    """A field takes the value of one that differs in case alone."""

    def merged(self, call: Call, subject: Subject, sent: Data) -> Data:
        known = {name.lower(): name for name in subject.data}
        return super().merged(call, subject, {known.get(name.lower(), name): each for name, each in sent.items()})


class LongerNamesGo(Register):
    """A field that is sent takes those with it whose names begin with its own."""

    def merged(self, call: Call, subject: Subject, sent: Data) -> Data:
        merged = super().merged(call, subject, sent)
        return {
            name: each
            for name, each in merged.items()
            if name in sent or not any(name.startswith(shorter) for shorter in sent)
        }


class FalseIsNothing(Register):
    """False, 0 and "" do not replace what was there."""

    def merged(self, call: Call, subject: Subject, sent: Data) -> Data:
        return super().merged(call, subject, {name: each for name, each in sent.items() if each or each is None})


class RewritesOnce(Register):
    """The second rewriting of a subject merges."""

    def __init__(self) -> None:
        super().__init__()
        self.rewritten_once: set[Key] = set()

    def rewritten(self, call: Call, subject: Subject, sent: Data) -> Data:
        key = (subject.type, subject.id)
        if key in self.rewritten_once:
            return self.merged(call, subject, sent)
        self.rewritten_once.add(key)
        return sent


class RewritesInside(Register):
    """A rewriting keeps what the objects among the fields had."""

    def rewritten(self, call: Call, subject: Subject, sent: Data) -> Data:
        old = subject.data
        return {
            name: {**old[name], **each} if isinstance(each, dict) and isinstance(old.get(name), dict) else each
            for name, each in sent.items()
        }


class Echoes(Register):
    """The answer to an update shows what was sent, and not the record that came of it."""

    def update(self, call: Call, subject: Subject, body: Data, *, rewrites: bool) -> Answer:
        answer = super().update(call, subject, body, rewrites=rewrites)
        return Answer(200, {**answer.body, "data": body}) if call.method == "PATCH" else answer


class NotStored(Register):
    """From the third update of a subject on, nothing is stored, though the answers show it."""

    def update(self, call: Call, subject: Subject, body: Data, *, rewrites: bool) -> Answer:
        before = subject.data
        answer = super().update(call, subject, body, rewrites=rewrites)
        subject.data = before if subject.updates >= 3 else subject.data
        return answer


class ReusesIds(Register):
    """The third generated ID is the first one again."""

    def generate(self, kind: str, body: Data) -> str:
        return self.generated[-2] if len(self.generated) % 3 == 2 else super().generate(kind, body)


class IdsOfContent(Register):
    """Subjects with the same fields get the same ID."""

    def generate(self, kind: str, body: Data) -> str:
        return sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


class TypesAlike(Register):
    """The ID alone is the key, whatever the type."""

    def find(self, key: Key) -> Subject | None:
        return next((each for each in self.subjects.values() if each.id == key[1]), None)


class IdsWithoutCase(Register):
    """IDs are compared without case."""

    def find(self, key: Key) -> Subject | None:
        wanted = (key[0], key[1].lower())
        return next((each for each in self.subjects.values() if (each.type, each.id.lower()) == wanted), None)


class Leaks(Register):
    """What is sent to one subject goes to the one written before it, too, where that has the field."""

    def update(self, call: Call, subject: Subject, body: Data, *, rewrites: bool) -> Answer:
        for other in self.subjects.values():
            if other is not subject:
                other.data = {name: body.get(name, each) for name, each in other.data.items()}
        return super().update(call, subject, body, rewrites=rewrites)


class RefusedAllTheSame(Register):
    """A key that may only read is refused, after its update is done."""

    def forbidden(self, call: Call, *names: str) -> Answer:
        if call.who and call.method == "PATCH":
            self.done(call, *names)
        return super().forbidden(call, *names)


class LostAfterRefusal(Register):
    """The write that follows a refused one is answered and not done."""

    def update(self, call: Call, subject: Subject, body: Data, *, rewrites: bool) -> Answer:
        before = self.seen[-2] if len(self.seen) > 1 else call
        if self.read in before.headers.get("authorization", ""):
            return Answer(200, self.record(subject))
        return super().update(call, subject, body, rewrites=rewrites)


class AnyRewriter(Register):
    """A key that may only read may rewrite by POST."""

    def forbidden(self, call: Call, *names: str) -> Answer:
        if call.who and call.method == "POST" and len(names) == 2:
            return self.done(call, *names)
        return super().forbidden(call, *names)


class LooseKeys(Register):
    """A key may go on after its end."""

    def caller(self, call: Call) -> str:
        sent = call.headers.get("authorization", "").partition(" ")[2]
        return "full" if sent.startswith(self.full) else super().caller(call)


class TwoDecimals(Register):
    """Numbers keep two decimals."""

    def stored(self, data: Data) -> Data:
        return {name: round(each, 2) if isinstance(each, float) else each for name, each in data.items()}


class Escapes(Register):
    """Text is stored as HTML has it."""

    def stored(self, data: Data) -> Data:
        return {name: each.replace("&", "&amp;") if isinstance(each, str) else each for name, each in data.items()}


class DotsInNames(Register):
    """A dot in the name of a field becomes an underscore."""

    def stored(self, data: Data) -> Data:
        return {name.replace(".", "_"): each for name, each in data.items()}


class Shallow(Register):
    """Objects are kept three deep."""

    def stored(self, data: Data) -> Data:
        kept: Data = _cut(data, 4)
        return kept


class TenFields(Register):
    """A subject has ten fields at most."""

    def merged(self, call: Call, subject: Subject, sent: Data) -> Data:
        return dict(list(super().merged(call, subject, sent).items())[:10])

    def stored(self, data: Data) -> Data:
        return dict(list(data.items())[:10])


class TextErrors(Register):
    """A body that is no JSON is refused in plain text."""

    def refusal(self, status: int, reason: str = "", headers: dict[str, str] | None = None) -> Answer:
        if reason == "not JSON":
            return Answer(status, reason.encode(), {"Content-Type": "text/plain"})
        return super().refusal(status, reason, headers)


class RewriteCreatesNobody(Register):
    """saveOption=rewrite is refused where there is nothing to rewrite."""

    def rewrites(self, call: Call) -> bool:
        rewrites = super().rewrites(call)
        if rewrites and call.method == "POST" and len(call.segments) == 4 and self.find(_key(call)) is None:
            raise Bad("nothing to rewrite")
        return rewrites


class ArchivesTheNew(Register):
    """The archive gets the state after an update, and not the one before."""

    def update(self, call: Call, subject: Subject, body: Data, *, rewrites: bool) -> Answer:
        answer = super().update(call, subject, body, rewrites=rewrites)
        subject.archive[-1].data = subject.state().data
        return answer


class ShortArchive(Register):
    """The archive holds one state of a subject."""

    def archive(self, subject: Subject) -> None:
        super().archive(subject)
        del subject.archive[:-1]


class PagesOverlap(Register):
    """A page begins one subject early."""

    def page(self, subjects: list[Subject], offset: int, max: int) -> Answer:  # noqa: A002 (the page's name)
        return super().page(subjects, offset - 1 if offset else 0, max)


class TotalOfPage(Register):
    """total counts the subjects of the page."""

    def page(self, subjects: list[Subject], offset: int, max: int) -> Answer:  # noqa: A002 (the page's name)
        answer = super().page(subjects, offset, max)
        return Answer(200, {**answer.body, "total": len(answer.body["subjects"])})


def _cut(value: Json, depth: int) -> Json:
    if isinstance(value, dict):
        return {name: _cut(each, depth - 1) for name, each in value.items()} if depth else {}
    return value


def _key(call: Call) -> Key:
    return (call.segments[2], call.segments[3])


def _case(made: Fault | type[Register], rules: str, beside: str = "", check: str = "merging or updates") -> Case:
    return case(Register, made, rules, beside, check)


_MIXED = (
    "CG-CREATE-3 CG-WRITE-1 CG-WRITE-3 CG-WRITE-5 CG-UPDATE-3 CG-MERGE-1 CG-MERGE-2 CG-MERGE-3 "
    "CG-PATCH-1 CG-PATCH-2 CG-PATCH-3"
)
"""What breaks where two subjects are one, beside the rule that they are two."""

CASES: Mapping[str, Case] = {
    "third-update-rewrites": _case(
        ThirdUpdateRewrites, "CG-MERGE-2 CG-MERGE-3 CG-PATCH-2 CG-PATCH-3", "CG-MERGE-1 CG-PATCH-1 CG-UPDATE-3"
    ),
    "other-type-rewrites": _case(OtherTypeRewrites, "CG-MERGE-3 CG-PATCH-3", "CG-MERGE-2 CG-PATCH-2", "model"),
    "false-is-nothing": _case(FalseIsNothing, "CG-MERGE-1 CG-PATCH-1", "CG-MERGE-3 CG-PATCH-3"),
    "rewrites-once": _case(RewritesOnce, "CG-REWRITE-2 CG-REPATCH-2", check="rewriting"),
    "rewrites-inside": _case(RewritesInside, "CG-REWRITE-2 CG-REPATCH-2", check="rewriting"),
    "echoes": _case(Echoes, "CG-PATCH-2 CG-PATCH-3", "CG-UPDATE-4 CG-PATCH-1", "updates-kept"),
    "third-update-not-stored": _case(NotStored, "CG-MERGE-2 CG-PATCH-2", "CG-MERGE-1 CG-PATCH-1", "kept"),
    "reuses-ids": _case(ReusesIds, "CG-CREATE-2", _MIXED, "model"),
    "ids-of-content": _case(IdsOfContent, "CG-CREATE-2", check="creation"),
    "leaks": _case(Leaks, "CG-WRITE-5 CG-UPDATE-3", check="apart"),
    "refused-all-the-same": _case(RefusedAllTheSame, "CG-AUTH-6", check="access"),
    "any-rewriter": _case(AnyRewriter, "CG-AUTH-5", check="access"),
    "loose-keys": _case(LooseKeys, "CG-AUTH-1 CG-AUTH-2 CG-AUTH-3", check="access"),
    "two-decimals": _case(TwoDecimals, "CG-WRITE-3", "CG-PATCH-3", "whole"),
    "escapes": _case(Escapes, "CG-WRITE-3", "CG-PATCH-3", "whole"),
    "shallow": _case(Shallow, "CG-WRITE-3", "CG-PATCH-3", "whole"),
    "longer-names-go": _case(LongerNamesGo, "CG-MERGE-3", "CG-PATCH-3", "whole"),
    "fields-without-case": _case(FieldsWithoutCase, "CG-PATCH-3", check="whole"),
    "lost-after-refusal": _case(LostAfterRefusal, "CG-MERGE-3", check="whole"),
    "text-errors": _case(TextErrors, "CG-ERROR-1", check="constraints"),
    "rewrite-creates-nobody": _case(RewriteCreatesNobody, "CG-WRITE-6", check="writes"),
}
FULL_CASES: Mapping[str, Case] = {
    "dots-in-names": _case(DotsInNames, "CG-DATA-1", check="fields"),
    "ten-fields": _case(TenFields, "CG-DATA-1", check="fields"),
    "types-alike": _case(TypesAlike, "CG-KEY-1", check="identity"),
    "ids-without-case": _case(IdsWithoutCase, "CG-KEY-2", check="identity"),
    "archives-the-new": _case(ArchivesTheNew, "CG-ARCHIVE-1 CG-ARCHIVE-2", check="versions"),
    "short-archive": _case(ShortArchive, "CG-ARCHIVE-1 CG-ARCHIVE-2 CG-VERSION-3", check="versions"),
    "pages-overlap": _case(PagesOverlap, "CG-LIST-4", check="list"),
    "total-of-page": _case(TotalOfPage, "CG-LIST-8", check="list"),
}
"""Faults that break what the vendor's other pages say."""
