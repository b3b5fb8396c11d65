"""Records built from recorded traffic: what an endpoint's answers have shown is what a fresh session holds."""

from collections.abc import Iterable, Mapping

from understudy.har import Recorded
from understudy.mock.settings import Settings, declared
from understudy.model.call import ABSENT, Call, Surroundings
from understudy.model.ids import Ids
from understudy.model.state import Store
from understudy.pack import Pack
from understudy.recorded import Exchanged, Reader

Records = Mapping[str, Mapping[str, object]]
"""Records by collection and key."""


def replayed(pack: Pack, calls: Iterable[Recorded], settings: Settings) -> tuple[Records, int]:
    """Return the records that the answers of recorded calls show, and how many of the calls were of any use.

    Those are successful ones, answered as the document has it, of operations whose answers the model can adopt.
    """
    store, ids, used = Store(), Ids(f"{settings.seed} recorded"), 0
    switches = {switch.name: switch.default for switch in declared(pack)} | dict(settings.switches.get(pack.vendor, {}))
    around = Surroundings(switches=switches)
    for exchanged in Reader(pack.effective).read(calls):
        adoption = pack.behaviour.adoptions.get(exchanged.operation.operation_id)
        if adoption is None or not 200 <= exchanged.recorded.status < 300 or not exchanged.documented():
            continue
        transaction = store.begin()
        if adoption(_call(exchanged, ids, around), exchanged.answer, transaction) is not None:
            transaction.commit()
            used += 1
    return store.copied(), used


def _call(exchanged: Exchanged, ids: Ids, around: Surroundings) -> Call:
    return Call(
        exchanged.operation.operation_id,
        exchanged.recorded.began,
        ids.for_call(),
        exchanged.path,
        exchanged.query,
        exchanged.header,
        exchanged.body,
        exchanged.media_type if exchanged.body is not ABSENT else None,
        around=around,
    )
