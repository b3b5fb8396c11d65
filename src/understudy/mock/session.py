"""One vendor's part of a session: state, ids, credentials, limits and settings that no other session shares."""

from collections.abc import Mapping

from understudy.mock.faults import Faults
from understudy.mock.journal import Journal
from understudy.mock.limits import Limits
from understudy.mock.seeding import sow
from understudy.mock.settings import DOCUMENTED, OBSERVED, PROFILE, QUOTA, Settings, declared
from understudy.mock.tokens import Keyring
from understudy.model.call import Reply, Surroundings
from understudy.model.ids import Ids
from understudy.model.state import Store
from understudy.pack import Pack
from understudy.values import Json


class Session:
    """Everything that calls of one session share; two sessions share nothing but the pack."""

    def __init__(
        self, pack: Pack, settings: Settings, journal: Journal | None = None, faults: Faults | None = None
    ) -> None:
        """Make it with its seed data in it; raises ContentError where that cannot be played.

        Journal and faults are those that all vendors of a session share.
        """
        self.pack = pack
        self.settings = settings
        self.clock = settings.clock
        self.store = Store()
        self.faults = faults if faults is not None else Faults(settings.seed)
        self.ids = Ids(settings.seed)
        self.keyring = Keyring(pack.behaviour, settings.seed)
        self.journal = journal if journal is not None else Journal()
        self.switch(settings.switches.get(pack.vendor, {}))
        self.deviation = settings.deviations.get(pack.vendor)
        self.taken: dict[str, Reply] = {}
        recorded = settings.recorded.get(pack.vendor)
        seed = settings.seed_data.get(pack.vendor, pack.seed if recorded is None else None)
        if seed is not None:
            sow(self.store, seed, pack, settings, self.around)
        for collection, records in (recorded or {}).items():
            self.store.collections.setdefault(collection, {}).update(records)
        self.sown = self.store.copied()

    def switch(self, chosen: Mapping[str, Json]) -> None:
        """Set switches, the others to what they are by default; quotas begin anew."""
        pack, settings = self.pack, self.settings
        switches = {switch.name: switch.default for switch in declared(pack)}
        if settings.strict and PROFILE in switches:
            switches[PROFILE] = DOCUMENTED
        switches |= chosen
        self.lenient = switches.get(PROFILE) == OBSERVED
        regime = pack.behaviour.quotas.get(str(switches.get(QUOTA)), ())
        self.limits = Limits(regime if settings.quotas is None else settings.quotas)
        self.around = Surroundings(self.keyring.clients, switches, self.keyring.mint)
