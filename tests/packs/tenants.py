"""OneTrust's model with a tenant's state, for tests that call it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from understudy import pack as packs
from understudy.mock.settings import declared
from understudy.model.call import ABSENT, Absent, Call, Client, Surroundings
from understudy.model.ids import Ids
from understudy.model.state import Store
from understudy.values import Json

PACK = packs.load("onetrust")
WRITE = "createOrUpdateDataSubjectUsingPOST"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Answered:
    """What an operation answered."""

    status: int
    body: Json
    rules: tuple[str, ...]


@dataclass
class Tenant:
    """A tenant's state, and calls on it; what is accepted is kept."""

    switches: Mapping[str, Json] = field(default_factory=dict)
    store: Store = field(default_factory=Store)
    ids: Ids = field(default_factory=lambda: Ids(1))
    now: datetime = NOON

    def call(
        self,
        operation_id: str,
        *,
        header: Mapping[str, Json] | None = None,
        query: Mapping[str, Json] | None = None,
        body: Json | Absent = ABSENT,
        media_type: str | None = None,
        basic: tuple[str, str] | None = None,
    ) -> Answered:
        """Call an operation."""
        switches = {switch.name: switch.default for switch in declared(PACK)} | dict(self.switches)
        around = Surroundings({"c": Client("c", "s", ("CONSENT",))}, switches)
        call = Call(
            operation_id,
            self.now,
            self.ids.for_call(),
            query=query or {},
            header=header or {},
            body=body,
            media_type=media_type,
            basic=basic,
            around=around,
        )
        transaction = self.store.begin()
        reply = PACK.behaviour.operations[operation_id](call, transaction)
        if reply.accepted:
            transaction.commit()
        return Answered(reply.status, reply.body, reply.rules)

    def write(self, identifier: str, *elements: Json, **body: Json) -> Answered:
        """Create or update a subject."""
        if elements:
            body["dataElements"] = list(elements)
        return self.call(WRITE, header={"dataSubjectIdentifier": identifier}, body=body)

    def elements(self, identifier: str) -> dict[str, Json]:
        """Return a subject's elements by name, without their names."""
        found = self.write(identifier).body["elements"]
        return {each["name"]: {key: value for key, value in each.items() if key != "name"} for each in found}
