"""What a session plays: faults, deviations, switches, quotas and tokens."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from understudy.mock.answers import BODILESS
from understudy.mock.control.desk import DeniedError, Desk, body_of
from understudy.mock.control.universes import check_setting
from understudy.mock.faults import KINDS, LATENCY, Counted, Delay, Fault, Pattern
from understudy.mock.limits import Limits
from understudy.mock.session import Session
from understudy.model.behaviour import Quota
from understudy.model.call import Call, Reply
from understudy.model.clock import format_time
from understudy.values import Json

FRAMING = frozenset({"content-length", "transfer-encoding", "connection"})
"""Headers that say where an answer ends."""
MOST = 100
"""How many faults a session may have."""
HOUR = 3600.0
TAKEN_BY = {member: name for name, kind in KINDS.items() for member in kind.takes}
"""What only faults of one kind have."""


def add(desk: Desk) -> None:
    """Register the handlers."""
    _add_faults(desk)
    _add_deviations(desk)
    _add_switches(desk)
    _add_quotas(desk)
    _add_tokens(desk)


def _add_faults(desk: Desk) -> None:
    @desk.answers("listFaults")
    def list_faults(call: Call) -> Reply:
        return Reply(200, {"faults": [_counted(each) for each in desk.looked_at(call).faults]})

    @desk.answers("setFault")
    def set_fault(call: Call) -> Reply:
        faults, body = desk.opened(call).faults, body_of(call)
        known = {each.fault.name for each in faults}
        if len(known) >= MOST and body.get("name") not in known:
            raise DeniedError(409, f"a session has at most {MOST} faults; remove one")
        fault = _fault(desk, body)
        fault = fault if fault.name else replace(fault, name=faults.name())
        faults.set(fault)
        return Reply(201, _counted(Counted(fault)))

    @desk.answers("clearFaults")
    def clear(call: Call) -> Reply:
        faults, vendor = desk.opened(call).faults, call.query.get("vendor")
        _check_vendor(desk, vendor)
        for name in [each.fault.name for each in faults if vendor in (None, each.fault.vendor)]:
            faults.remove(name)
        return Reply(204)

    @desk.answers("removeFault")
    def remove(call: Call) -> Reply:
        faults, name = desk.opened(call).faults, str(call.path["fault"])
        if not faults.remove(name):
            raise DeniedError(404, f"there is no fault {name!r}", (each.fault.name for each in faults))
        return Reply(204)


def _check_vendor(desk: Desk, vendor: Json) -> None:
    """Raise DeniedError where a vendor is named that is not served."""
    if vendor is not None and vendor not in desk.sessions.packs:
        raise DeniedError(404, f"/vendor: no vendor {vendor!r} is served", desk.sessions.packs)


def _fault(desk: Desk, body: Mapping[str, Json]) -> Fault:
    """Return the fault that a body asks for; raises DeniedError for what is none."""
    kind, vendor, operation = body["kind"], body.get("vendor"), body.get("operation")
    if kind not in KINDS:
        raise DeniedError(404, f"/kind: there is no kind of fault {kind!r}", KINDS)
    _check_vendor(desk, vendor)
    for member in body:
        if member in TAKEN_BY and TAKEN_BY[member] != kind:
            raise DeniedError(409, f"/{member}: the kind {kind} takes none, {TAKEN_BY[member]} does")
    if kind == LATENCY and "delay" not in body:
        form = '{"seconds": 0.5}, {"distribution": "uniform", "low": 0.1, "high": 2}'
        raise DeniedError(409, f"/delay: latency needs one, such as {form}")
    if body.get("status") in BODILESS and body.get("body") is not None:
        raise DeniedError(409, f"/body: an answer with the status {body['status']} has none")
    for name in body.get("headers", {}):
        if name.lower() in FRAMING:
            raise DeniedError(409, f"/headers/{name}: the mock itself says how long an answer is")
    packs = [desk.sessions.packs[vendor]] if vendor is not None else list(desk.sessions.packs.values())
    known = [each for pack in packs for each in pack.effective.operations]
    if operation is not None and operation not in known:
        raise DeniedError(404, f"/operation: there is no operation {operation!r}", known)
    try:
        pattern = Pattern(body["identifier"]) if "identifier" in body else None
    except ValueError as error:
        raise DeniedError(400, f"/identifier: not a regular expression: {error}") from error
    plain = {key: body[key] for key in ("nth", "probability", "times", "status", "body", "seconds") if key in body}
    return Fault(
        body.get("name", ""),
        kind,
        vendor,
        operation,
        pattern,
        headers=tuple(body.get("headers", {}).items()),
        delay=Delay(**body.get("delay", {})),
        **plain,
    )


def _counted(counted: Counted) -> dict[str, Json]:
    fault = counted.fault
    told: dict[str, Json] = {"name": fault.name, "kind": fault.kind, "seen": counted.seen, "played": counted.played}
    optional = {
        "vendor": fault.vendor,
        "operation": fault.operation,
        "identifier": fault.identifier.text if fault.identifier else None,
        "nth": fault.nth,
        "times": fault.times,
    }
    return told | {name: value for name, value in optional.items() if value is not None}


def _add_deviations(desk: Desk) -> None:
    @desk.answers("getDeviation")
    def get(call: Call) -> Reply:
        return Reply(200, _deviation(desk.part(call, to_look=True)))

    @desk.answers("setDeviation")
    def put(call: Call) -> Reply:
        part, name = desk.part(call), body_of(call)["deviation"]
        known = part.pack.deviations.by_name
        if name is not None and name not in known:
            raise DeniedError(404, f"/deviation: {part.pack.vendor} has no deviation {name!r}", known, name)
        part.deviation = known[name] if name is not None else None
        return Reply(200, _deviation(part))


def _deviation(part: Session) -> dict[str, Json]:
    played = part.deviation.name if part.deviation is not None else None
    return {"deviation": played, "known": list(part.pack.deviations.by_name)}


def _add_switches(desk: Desk) -> None:
    @desk.answers("getSwitches")
    def get(call: Call) -> Reply:
        return Reply(200, dict(desk.part(call, to_look=True).around.switches))

    @desk.answers("setSwitches")
    def patch(call: Call) -> Reply:
        part, chosen = desk.part(call), body_of(call)
        for name, value in chosen.items():
            check_setting(desk, part.pack.vendor, name, value, f"/{name}")
        part.switch({**part.around.switches, **chosen})
        return Reply(200, dict(part.around.switches))


def _add_quotas(desk: Desk) -> None:
    @desk.answers("getQuota")
    def get(call: Call) -> Reply:
        return Reply(200, _quotas(desk.part(call, to_look=True)))

    @desk.answers("setQuota")
    def put(call: Call) -> Reply:
        part = desk.part(call)
        part.limits = Limits(tuple(Quota(**each) for each in body_of(call)["quotas"]))
        return Reply(200, _quotas(part))


def _quotas(part: Session) -> dict[str, Json]:
    quotas = part.limits.quotas
    return {
        "quotas": [
            {"limit": each.limit, "seconds": each.seconds, "per_operation": each.per_operation} for each in quotas
        ]
    }


def _add_tokens(desk: Desk) -> None:
    @desk.answers("mintToken")
    def mint(call: Call) -> Reply:
        part, body = desk.part(call), body_of(call)
        scopes = list(body.get("scopes", part.pack.behaviour.full))
        now = part.clock.now()
        try:
            expires = now + timedelta(seconds=body.get("lifetime", HOUR))
        except OverflowError as error:
            raise DeniedError(409, "/lifetime: leads out of the years that can be told") from error
        claims = {"scopes": scopes, "iat": int(now.timestamp()), "exp": expires.timestamp(), "jti": call.fresh("token")}
        return Reply(201, {"token": part.keyring.mint(claims), "scopes": scopes, "expires": format_time(expires)})

    @desk.answers("revokeToken")
    def revoke(call: Call) -> Reply:
        part, token = desk.part(call), body_of(call)["token"]
        if part.keyring.scopes(token, part.clock) is None:
            raise DeniedError(404, "this session knows no such token, or it is worth nothing already")
        part.keyring.revoke(token, ready=True)
        return Reply(204)
