"""A mock of some vendors in a thread, for tests and for `understudy verify`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from understudy.mock.app import MockApp
from understudy.mock.control.plane import control_plane
from understudy.mock.journal import Listener
from understudy.mock.sessions import Sessions
from understudy.mock.settings import Settings
from understudy.pack import Pack
from understudy.serving import listening


def has_date(sessions: Mapping[str, Settings]) -> bool:
    """Whether answers bear a Date header: not where a clock stands still, for then two runs are equal to the byte."""
    return not any(settings.clock.frozen for settings in sessions.values())


@contextmanager
def running(
    packs: Mapping[str, Pack],
    sessions: Mapping[str, Settings],
    listener: Listener | None = None,
    *,
    control: bool = False,
) -> Iterator[str]:
    """Run a server in a thread on a free port; yield its base URL, stop it at the end. `listener` hears each call.

    `sessions` are the settings of the first ones, and templates for others; `control` adds the control plane.
    """
    universes = Sessions(packs, sessions, listener)
    plane = control_plane(universes) if control else None
    with listening(MockApp(packs, universes, plane), date=has_date(sessions)) as url:
        yield url
