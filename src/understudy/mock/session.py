"""A session: one vendor's isolated universe of state, ids, credentials, limits and settings inside a server."""

from functools import lru_cache

from understudy.mock.journal import Journal, Listener
from understudy.mock.limits import Limits
from understudy.mock.seeding import sow
from understudy.mock.settings import DOCUMENTED, OBSERVED, PROFILE, QUOTA, Settings, declared
from understudy.mock.tokens import Keyring
from understudy.model.call import Reply, Surroundings
from understudy.model.ids import Ids
from understudy.model.state import Store
from understudy.pack import Pack

NO_RULE = b"none"


class Session:
    """Everything that calls of one session share; two sessions share nothing but the pack."""

    def __init__(self, pack: Pack, settings: Settings, listener: Listener | None = None) -> None:
        """Make the session with its seed data in it; raises ContentError where that cannot be played."""
        self.pack = pack
        self.settings = settings
        self.clock = settings.clock
        self.store = Store()
        self.ids = Ids(settings.seed)
        self.keyring = Keyring(pack.behaviour, settings.seed)
        self.journal = Journal(listener)
        switches = {switch.name: switch.default for switch in declared(pack)}
        if settings.strict and PROFILE in switches:
            switches[PROFILE] = DOCUMENTED
        switches |= settings.switches.get(pack.vendor, {})
        self.lenient = switches.get(PROFILE) == OBSERVED
        regime = pack.behaviour.quotas.get(str(switches.get(QUOTA)), ())
        self.limits = Limits(regime if settings.quotas is None else settings.quotas)
        self.around = Surroundings(self.keyring.clients, switches, self.keyring.mint)
        self.deviation = settings.deviations.get(pack.vendor)
        self.taken: dict[str, Reply] = {}
        seed = settings.seed_data.get(pack.vendor, pack.seed)
        if seed is not None:
            sow(self.store, seed, pack, settings, self.around)


class RuleHeader:
    """The `Understudy-Rules` header of a pack: `OT-LINK-3;documented, ...`.

    A list of RFC 8941 with the basis as parameter. Such a list cannot be empty, and every answer bears the header:
    where no rule had a say it is `none`, which is no rule's id, since those are in capitals.
    """

    def __init__(self, pack: Pack) -> None:
        basis = {rule.id: rule.basis.value for rule in pack.rules}

        @lru_cache(maxsize=4096)
        def value(rules: tuple[str, ...]) -> bytes:
            unknown = sorted(set(rules) - set(basis))
            if unknown:
                raise ValueError(f"no rule is called {', '.join(unknown)}")
            return ", ".join(f"{rule};{basis[rule]}" for rule in dict.fromkeys(rules)).encode() or NO_RULE

        self.value = value
