"""ConsentGrid's data subjects: created, merged and rewritten by type and ID, with an archive of their versions.

Rule ids are those of specs/consentgrid/rules.yaml. Pure: everything comes in with the call and the transaction.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

from understudy.model.behaviour import Behaviour, Refusal, Switch
from understudy.model.call import Call, Reply
from understudy.model.state import Table, Transaction
from understudy.values import Json

MERGE, REWRITE = "merge", "rewrite"
PAGE, LONGEST_PAGE = 100, 200
"""How many subjects a page of the list holds: unspecified, and at most."""
MAKER: Mapping[str, Json] = {"id": "understudy", "type": "apikey"}


@dataclass(frozen=True, slots=True)
class Subject:
    """A version of a subject, made at `time`; `fields` are its data, and never changed in place."""

    type: str
    id: str
    version: int
    time: datetime
    fields: Mapping[str, Json]


SUBJECTS = Table("subjects", Subject)  # the present versions, by type and ID
ARCHIVE = Table("archive", Subject)  # the old ones, by type, ID and version

SWITCHES = (
    Switch(
        "record", "flat", ("flat", "envelope"), "the form of a record, of which two pages say different", "CG-FORM-1"
    ),
    Switch("unknown-save-option", "refuse", ("refuse", "merge"), "a saveOption that no page names", "CG-OPTION-1"),
    Switch("bad-key", "403", ("403", "401"), "the status of a missing or bad key", "CG-AUTH-7"),
    Switch("missing-patch", "404", ("404", "400"), "the status of an update of a missing subject", "CG-UPDATE-5"),
    Switch("mismatch", "refuse", ("refuse", "ignore"), "a body with another ID or type than the path", "CG-PATH-1"),
    Switch("merge", "shallow", ("shallow", "deep"), "what becomes of objects in a field that is merged", "CG-NEST-1"),
    Switch("null", "stored", ("stored", "dropped"), "what becomes of a field that is sent as null", "CG-NULL-1"),
    Switch("single-get", "offered", ("offered", "absent"), "whether one subject can be read", "CG-GET-1"),
)


def diagnostics(status: int, message: str, rules: tuple[str, ...], where: str = "") -> Json:
    """Return the JSON error object: status, what was wrong, where, and the rules broken."""
    place = {"where": where} if where else {}
    return {"error": {"status": status, "message": message, **place, "rules": list(rules)}}


def _refused(refusal: Refusal, operation_id: str | None, switches: Mapping[str, Json]) -> Reply:
    """Answer with the error object; a bad key as the switch says."""
    status, rules, headers = refusal.status, refusal.rules, refusal.headers
    if status == HTTPStatus.UNAUTHORIZED:
        rules = (*rules, "CG-AUTH-7")
        if switches.get("bad-key") == "403":
            status, headers = int(HTTPStatus.FORBIDDEN), ()
    body = diagnostics(status, refusal.detail, rules, refusal.where)
    return refusal.reply(body, status=status, rules=(*rules, "CG-ERROR-3"), headers=headers)


behaviour = Behaviour(
    full=("read", "write"),
    restricted=("read",),
    switches=SWITCHES,
    tables=(SUBJECTS, ARCHIVE),
    refused=_refused,
    also=({"record": "envelope"},),
)
behaviour.plays("CG-AUTH-7", "CG-ERROR-3")(_refused)


def _no(status: int, message: str, rule: str, where: str = "") -> Reply:
    return Reply(status, diagnostics(status, message, (rule,), where), (rule, "CG-ERROR-3"))


# --- writes ----------------------------------------------------------------------------------------------------------


@behaviour.operation("createSubject")
@behaviour.plays("CG-CREATE-1", "CG-CREATE-2", "CG-CREATE-3", "CG-CREATE-4", "CG-PATH-2")
def create_subject(call: Call, state: Transaction) -> Reply:
    """Create a subject under an ID of our own."""
    subject_id, kind = call.fresh("subject"), call.path["type"]
    named, _ = _named(call)
    other, remarks = _other(call, None)
    if other is not None:
        return other
    remarks = (*remarks, *(("CG-PATH-2",) if named is not None else ()))
    subject = save(state, Subject(kind, subject_id, 1, call.now, _stored(call, _fields(call))), None)
    return Reply(
        201, shown(call, subject), ("CG-CREATE-1", "CG-CREATE-2", "CG-CREATE-3", *_bare(call)), remarks=remarks
    )


@behaviour.operation("createOrUpdateSubject")
@behaviour.plays("CG-WRITE-1", "CG-WRITE-2", "CG-WRITE-3", "CG-WRITE-4", "CG-WRITE-5", "CG-WRITE-6", "CG-STATE-1")
def create_or_update_subject(call: Call, state: Transaction) -> Reply:
    """Create the subject of the path, or update it."""
    kind, subject_id = call.path["type"], call.path["subjectId"]
    refused, remarks = _refusal(call, subject_id)
    if refused is not None:
        return refused
    before = find(state, kind, subject_id)
    if before is not None:
        return update(call, state, before, remarks)
    subject = save(state, Subject(kind, subject_id, 1, call.now, _stored(call, _fields(call))), None)
    option = ("CG-WRITE-6",) if "saveOption" in call.query else ()
    rules = ("CG-WRITE-1", "CG-WRITE-2", "CG-WRITE-3", *option, *_bare(call))
    return Reply(201, shown(call, subject), rules, remarks=remarks)


@behaviour.operation("updateSubject")
@behaviour.plays("CG-UPDATE-1", "CG-UPDATE-2", "CG-UPDATE-3", "CG-UPDATE-4", "CG-UPDATE-5")
def update_subject(call: Call, state: Transaction) -> Reply:
    """Update the subject of the path, which must be there."""
    kind, subject_id = call.path["type"], call.path["subjectId"]
    refused, remarks = _refusal(call, subject_id)
    if refused is not None:
        return refused
    before = find(state, kind, subject_id)
    if before is None:
        return _no(int(call.switch("missing-patch")), f"there is no subject {subject_id} of type {kind}", "CG-UPDATE-5")
    return update(call, state, before, remarks)


@behaviour.plays(
    *(f"CG-{option}-{number}" for option in ("MERGE", "PATCH") for number in (2, 3, 4)),
    *(f"CG-{option}-{number}" for option in ("REWRITE", "REPATCH") for number in (1, 2)),
)
def update(call: Call, state: Transaction, before: Subject, remarks: tuple[str, ...]) -> Reply:
    """Merge the body into the subject, or rewrite the subject as the body has it."""
    upsert, rewritten = call.operation_id == "createOrUpdateSubject", call.query.get("saveOption") == REWRITE
    fields = _fields(call) if rewritten else merged(before.fields, _fields(call), deep=call.switch("merge") == "deep")
    after = Subject(before.type, before.id, before.version + 1, call.now, _stored(call, fields))
    done = ("CG-WRITE-4", "CG-ARCHIVE-1") if upsert else ("CG-UPDATE-1", "CG-ARCHIVE-2")
    rules = (*done, *_saving(call, rewritten=rewritten), *_bare(call))
    return Reply(200, shown(call, save(state, after, before)), rules, remarks=remarks)


def _saving(call: Call, *, rewritten: bool) -> tuple[str, ...]:
    """Return the rules by which a body was stored."""
    upsert = call.operation_id == "createOrUpdateSubject"
    if rewritten:
        name = "REWRITE" if upsert else "REPATCH"
        return (f"CG-{name}-1", f"CG-{name}-2")
    name = "MERGE" if upsert else "PATCH"
    unspecified = () if "saveOption" in call.query else (f"CG-{name}-3",)
    return (f"CG-{name}-1", f"CG-{name}-2", *unspecified)


@behaviour.plays("CG-MERGE-1", "CG-PATCH-1", "CG-NEST-1", "CG-NULL-1", "CG-DATA-1")
def merged(old: Mapping[str, Json], new: Mapping[str, Json], *, deep: bool) -> dict[str, Json]:
    """Return the old fields with the new ones over them; `deep` merges objects in them likewise."""
    fields = dict(old)
    for name, value in new.items():
        both = deep and isinstance(value, dict) and isinstance(old.get(name), dict)
        fields[name] = merged(old[name], value, deep=True) if both else value
    return fields


@behaviour.plays("CG-ARCHIVE-1", "CG-ARCHIVE-2", "CG-VERSION-1", "CG-VERSION-2", "CG-VERSION-5")
def save(state: Transaction, subject: Subject, before: Subject | None) -> Subject:
    """Keep a version as the present one, and the one before it in the archive."""
    if before is not None:
        ARCHIVE.put(state, _key(before.type, before.id, before.version), before)
    SUBJECTS.put(state, _key(subject.type, subject.id), subject)
    return subject


@behaviour.plays("CG-KEY-1", "CG-KEY-2")
def find(state: Transaction, kind: str, subject_id: str) -> Subject | None:
    """Return the subject of that type and ID, as it is."""
    return SUBJECTS.get(state, _key(kind, subject_id))


def _key(*parts: str | int) -> str:
    return json.dumps(parts)


@behaviour.adopts("createSubject", "createOrUpdateSubject", "updateSubject", "getSubject")
def adopt_subject(call: Call, body: Json, state: Transaction) -> frozenset[str] | None:
    """Have the subject of the path, or the one that was created, with the fields that an answer shows."""
    if "version" in call.query:
        return frozenset()  # an old one, maybe
    named = body["id"] if isinstance(body["id"], dict) else body
    kind, subject_id = call.path["type"], call.path.get("subjectId", named["id"])
    before = find(state, kind, subject_id)
    save(state, Subject(kind, subject_id, before.version + 1 if before else 1, call.now, body["data"]), before)
    return frozenset()


# --- what a body says ------------------------------------------------------------------------------------------------


def _body(call: Call) -> dict[str, Json]:
    return call.body if isinstance(call.body, dict) else {}


@behaviour.plays("CG-BODY-13")
def _fields(call: Call) -> dict[str, Json]:
    """Return the fields that a body has; none where it has no data."""
    fields: dict[str, Json] = _body(call).get("data", {})
    return fields


def _stored(call: Call, fields: dict[str, Json]) -> dict[str, Json]:
    """Return the fields as they are stored: with those that are null, or without, as the switch says."""
    dropped = call.switch("null") == "dropped"
    return {name: value for name, value in fields.items() if not (dropped and value is None)}


def _bare(call: Call) -> tuple[str, ...]:
    return () if "data" in _body(call) else ("CG-BODY-13",)


def _named(call: Call) -> tuple[Json, Json]:
    """Return ID and type that a body repeats, in either form of a record; None where it does not."""
    body = _body(call)
    named = body.get("id")
    if isinstance(named, dict):
        return named.get("id"), named.get("type", body.get("type"))
    return named, body.get("type")


@behaviour.plays("CG-OPTION-1")
def _refusal(call: Call, subject_id: str) -> tuple[Reply | None, tuple[str, ...]]:
    """Return the refusal that a write under an ID meets, if any, and the remarks on what it says in vain."""
    option = call.query.get("saveOption", MERGE)
    remarks: tuple[str, ...] = ()
    if option not in (MERGE, REWRITE):
        if call.switch("unknown-save-option") == "refuse":
            message = f"saveOption is {MERGE} or {REWRITE}, not {option!r}"
            return _no(400, message, "CG-OPTION-1", "saveOption"), ()
        remarks = ("CG-OPTION-1",)
    other, more = _other(call, subject_id)
    return other, remarks + more


@behaviour.plays("CG-PATH-1")
def _other(call: Call, subject_id: str | None) -> tuple[Reply | None, tuple[str, ...]]:
    """Return the refusal, or the remark, where a body names another ID (None: any is right) or type than the path."""
    named, kind = _named(call)
    wrong = [("type", kind, call.path["type"])] if kind not in (None, call.path["type"]) else []
    if subject_id is not None and named not in (None, subject_id):
        wrong.insert(0, ("id", named, subject_id))
    if not wrong:
        return None, ()
    if call.switch("mismatch") == "ignore":
        return None, ("CG-PATH-1",)
    name, sent, known = wrong[0]
    return _no(400, f"{name} of the body is {sent!r}, that of the path {known!r}", "CG-PATH-1", f"/{name}"), ()


# --- what an answer shows --------------------------------------------------------------------------------------------


@behaviour.plays("CG-FORM-1")
def shown(call: Call, subject: Subject) -> dict[str, Json]:
    """Return the record of a version, flat or in the envelope."""
    if call.switch("record") == "flat":
        return {"id": subject.id, "type": subject.type, "data": subject.fields}
    return {
        "id": {"id": subject.id, "type": subject.type},
        "version": subject.version,
        "versionTime": _time(subject.time),
        "by": dict(MAKER),
        "data": subject.fields,
    }


def _time(moment: datetime) -> str:
    """Return a moment with an offset that has no colon, which is not RFC 3339, as in the vendor's samples."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")


# --- reads -----------------------------------------------------------------------------------------------------------


@behaviour.operation("getSubject")
@behaviour.plays("CG-GET-1", "CG-GET-2", "CG-VERSION-3", "CG-VERSION-4")
def get_subject(call: Call, state: Transaction) -> Reply:
    """Show the subject of the path, as it is, or was in a version."""
    kind, subject_id = call.path["type"], call.path["subjectId"]
    if call.switch("single-get") == "absent":
        return _no(404, "one subject cannot be read here", "CG-GET-1")
    subject = find(state, kind, subject_id)
    if subject is None:
        return _no(404, f"there is no subject {subject_id} of type {kind}", "CG-GET-2")
    version = call.query.get("version", subject.version)
    if version != subject.version:
        subject = ARCHIVE.get(state, _key(kind, subject_id, version))
    if subject is None:
        return _no(404, f"subject {subject_id} of type {kind} has no version {version}", "CG-VERSION-4", "version")
    asked = ("CG-VERSION-3",) if "version" in call.query else ()
    return Reply(200, shown(call, subject), ("CG-GET-1", *asked))


@behaviour.operation("listSubjects")
@behaviour.plays(*(f"CG-LIST-{number}" for number in (2, 4, 5, 6, 7, 8, 19)))
def list_subjects(call: Call, state: Transaction) -> Reply:
    """Show how many subjects of a type there are, and a page of them in the order of their creation."""
    kind, offset, most = call.query.get("type", "user"), call.query.get("offset", 0), call.query.get("max", PAGE)
    found = [subject for _, subject in SUBJECTS.scan(state) if subject.type == kind]
    page = found[offset : offset + min(most, LONGEST_PAGE)]
    rules = ("CG-LIST-2", "CG-LIST-8", "CG-LIST-19", *(("CG-LIST-6",) if most > LONGEST_PAGE else ()))
    return Reply(200, {"total": len(found), "subjects": [shown(call, subject) for subject in page]}, rules)
