"""State: the records of a vendor as JSON, read, replaced and patched. What a record is, the model's tables say."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from understudy.mock.control.desk import DeniedError, Desk, body_of
from understudy.mock.session import Session
from understudy.model.call import Call, Reply
from understudy.values import Json


def add(desk: Desk) -> None:
    """Register the handlers."""

    @desk.answers("getState")
    def get(call: Call) -> Reply:
        return Reply(200, shown(desk.part(call, to_look=True)))

    @desk.answers("putState")
    def put(call: Call) -> Reply:
        part = desk.part(call)
        replace(part, body_of(call))
        return Reply(200, shown(part))

    @desk.answers("patchState")
    def patch(call: Call) -> Reply:
        part = desk.part(call)
        replace(part, merged(shown(part), body_of(call)))
        return Reply(200, shown(part))


def shown(part: Session) -> dict[str, Json]:
    """Return the records of a vendor's part of a session, by collection and key; raises DeniedError."""
    tables, found = _tables(part), dict[str, Json]()
    for name, kind in tables.items():
        records = part.store.collections.get(name, {})
        found[name] = {key: _adapter(kind).dump_python(record, mode="json") for key, record in records.items()}
    return found


def replace(part: Session, state: Mapping[str, Json]) -> None:
    """Have these records and no others; raises DeniedError with the pointer of what is no record."""
    tables = _tables(part)
    found: dict[str, dict[str, object]] = {}
    for name, records in state.items():
        if name not in tables:
            raise DeniedError(404, f"/{name}: {part.pack.vendor} has no collection {name!r}", tables)
        found[name] = {key: _record(tables[name], value, f"/{name}/{key}") for key, value in records.items()}
    most = part.settings.max_records
    if sum(map(len, found.values())) > most:
        raise DeniedError(413, f"a session holds {most} records of a vendor at most")
    part.store.replace(found)


def merged(target: Json, patch: Json) -> Json:
    """Return the target changed by a JSON Merge Patch (RFC 7396, section 2)."""
    if not isinstance(patch, Mapping):
        return patch
    kept = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            kept.pop(name, None)
        else:
            kept[name] = merged(kept.get(name), value)
    return kept


@lru_cache(maxsize=256)
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _tables(part: Session) -> dict[str, Any]:
    tables = part.pack.behaviour.tables
    if not tables:
        raise DeniedError(409, f"the model of {part.pack.vendor} does not say what its records are (Behaviour.tables)")
    return {table.name: table.kind for table in tables}


def _record(kind: Any, value: Json, where: str) -> object:
    try:
        return _adapter(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = "".join(f"/{each}" for each in first["loc"])
        raise DeniedError(409, f"{where}{place}: {first['msg']}") from error
