"""Sessions, snapshots and the clock."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from understudy.errors import UsageError
from understudy.mock.control.desk import DeniedError, Desk, body_of
from understudy.mock.sessions import Universe, meant, shown
from understudy.mock.settings import Settings, check_switch
from understudy.model.call import Call, Reply
from understudy.model.clock import Clock, format_time, parse_time
from understudy.values import Json

SNAPSHOTS = 100
"""How many snapshots a session may have."""


def add(desk: Desk) -> None:
    """Register the handlers."""

    @desk.answers("listSessions")
    def list_sessions(call: Call) -> Reply:
        templates = sorted(shown(name) for name in desk.sessions.templates)
        return Reply(200, {"sessions": [_told(desk, each) for each in desk.sessions], "templates": templates})

    @desk.answers("createSession")
    def create(call: Call) -> Reply:
        body = body_of(call)
        name, template = meant(body["name"]), meant(body.get("template", "default"))
        if template not in desk.sessions.templates:
            raise DeniedError(404, f"there is no template {shown(template)!r}", map(shown, desk.sessions.templates))
        if any(each.name == name for each in desk.sessions):
            raise DeniedError(409, f"there is a session {shown(name)!r} already; reset or delete it")
        own: dict[str, Json] = {key: body[key] for key in ("seed", "strict", "switches") if key in body}
        settings = _settings(desk, desk.sessions.templates[template], own) if own else None
        return Reply(201, _told(desk, desk.sessions.create(name, template, settings)))

    @desk.answers("getSession")
    def get(call: Call) -> Reply:
        return Reply(200, _told(desk, desk.sessions.get(meant(str(call.path["session"])))))  # to look is no use of it

    @desk.answers("deleteSession")
    def delete(call: Call) -> Reply:
        desk.sessions.delete(desk.universe(call).name)
        return Reply(204)

    @desk.answers("resetSession")
    def reset(call: Call) -> Reply:
        return Reply(200, _told(desk, desk.sessions.reset(desk.universe(call).name)))

    _add_snapshots(desk)
    _add_clock(desk)


def _add_snapshots(desk: Desk) -> None:
    @desk.answers("listSnapshots")
    def list_snapshots(call: Call) -> Reply:
        return Reply(200, {"snapshots": list(desk.universe(call).snapshots)})

    @desk.answers("takeSnapshot")
    def take(call: Call) -> Reply:
        universe, name = desk.opened(call), str(call.path["snapshot"])
        if name not in universe.snapshots and len(universe.snapshots) >= SNAPSHOTS:
            raise DeniedError(409, f"a session has at most {SNAPSHOTS} snapshots; delete one")
        universe.snapshot(name)
        return Reply(204)

    @desk.answers("deleteSnapshot")
    def delete(call: Call) -> Reply:
        del desk.universe(call).snapshots[_snapshot(desk, call)]
        return Reply(204)

    @desk.answers("restoreSnapshot")
    def restore(call: Call) -> Reply:
        desk.universe(call).restore(_snapshot(desk, call))
        return Reply(204)


def _add_clock(desk: Desk) -> None:
    @desk.answers("getClock")
    def get(call: Call) -> Reply:
        return Reply(200, _clock(desk.looked_at(call)))

    @desk.answers("setClock")
    def put(call: Call) -> Reply:
        universe, body = desk.opened(call), body_of(call)
        clock = universe.settings.clock
        try:
            now = parse_time(body["now"]) if "now" in body else clock.now()
        except ValueError as error:
            raise DeniedError(409, f"/now: {error}") from error
        return _set(universe, now, running=body.get("running", clock.frozen is None))

    @desk.answers("advanceClock")
    def advance(call: Call) -> Reply:
        universe = desk.opened(call)
        clock = universe.settings.clock
        try:
            now = clock.now() + timedelta(seconds=body_of(call)["seconds"])
        except OverflowError as error:
            raise DeniedError(409, "/seconds: leads out of the years that can be told") from error
        return _set(universe, now, running=clock.frozen is None)


def _set(universe: Universe, now: datetime, *, running: bool) -> Reply:
    universe.set_clock(Clock(offset=now - datetime.now(UTC)) if running else Clock(now))
    return Reply(200, _clock(universe))


def _clock(universe: Universe) -> dict[str, Json]:
    clock = universe.settings.clock
    return {"now": format_time(clock.now()), "running": clock.frozen is None}


def _snapshot(desk: Desk, call: Call) -> str:
    name, known = str(call.path["snapshot"]), desk.universe(call).snapshots
    if name not in known:
        raise DeniedError(404, f"there is no snapshot {name!r}", known)
    return name


def _settings(desk: Desk, template: Settings, own: dict[str, Json]) -> Settings:
    """Return the settings of a template with some of one's own; raises DeniedError for a switch that is none."""
    for vendor, switches in own.get("switches", {}).items():
        for name, value in switches.items():
            check_setting(desk, vendor, name, value, f"/switches/{vendor}/{name}")
    switches = {vendor: dict(each) for vendor, each in template.switches.items()}
    for vendor, named in own.get("switches", {}).items():
        switches[vendor] = {**switches.get(vendor, {}), **named}
    return replace(template, **{**own, "switches": switches})


def check_setting(desk: Desk, vendor: str, name: str, value: Json, where: str) -> None:
    """Raise DeniedError that lists what there is where vendor, switch or value is none."""
    try:
        check_switch(desk.sessions.packs, vendor, name, value, where)
    except UsageError as error:
        raise DeniedError(404, str(error)) from error


def _told(desk: Desk, universe: Universe) -> dict[str, Json]:
    return {
        "name": shown(universe.name),
        "template": shown(universe.template),
        "seed": universe.settings.seed,
        "created": format_time(datetime.fromtimestamp(universe.created, UTC)),
        "idle": round(time.monotonic() - universe.used, 3),
        "records": universe.records,
        "calls": len(universe.journal),
        "urls": {vendor: f"{universe.path}/{vendor}" for vendor in desk.sessions.packs},
    }
