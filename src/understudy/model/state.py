"""Records by collection and key, reached through a transaction that is kept whole or not at all.

The engine in memory; a transaction sees its own writes, and nobody else sees them before `commit`.
"""

from collections.abc import Iterator, Mapping
from typing import Final, Generic, TypeVar

Record = TypeVar("Record")


class _Gone:
    __slots__ = ()


_GONE: Final = _Gone()


class Store:
    """The committed records of one session, in memory. Records are immutable values that the model defines."""

    def __init__(self) -> None:
        self.collections: dict[str, dict[str, object]] = {}

    @property
    def count(self) -> int:
        """How many records there are."""
        return sum(map(len, self.collections.values()))

    def copied(self) -> dict[str, dict[str, object]]:
        """Return the records by collection and key, as they are now."""
        return {name: dict(records) for name, records in self.collections.items()}

    def replace(self, collections: Mapping[str, Mapping[str, object]]) -> None:
        """Have these records, and no others."""
        self.collections = {name: dict(records) for name, records in collections.items()}

    def begin(self) -> "Transaction":
        """Return a transaction on the records as they are now."""
        return Transaction(self)


class Transaction:
    """What a model function may do to the state: get, put, delete, scan. Nothing is seen outside before `commit`."""

    __slots__ = ("_store", "_writes")

    def __init__(self, store: Store) -> None:
        self._store = store
        self._writes: dict[tuple[str, str], object] = {}

    def get(self, collection: str, key: str) -> object | None:
        """Return the record under the key, or None."""
        written = self._writes.get((collection, key)) if self._writes else None
        if written is not None:
            return None if written is _GONE else written
        records = self._store.collections.get(collection)
        return records.get(key) if records else None

    def put(self, collection: str, key: str, record: object) -> None:
        """Set the record under the key."""
        self._writes[collection, key] = record

    def delete(self, collection: str, key: str) -> None:
        """Forget the record under the key, if there is one."""
        self._writes[collection, key] = _GONE

    def scan(self, collection: str) -> Iterator[tuple[str, object]]:
        """Yield keys and records in the order of their first writing, this transaction's own writes last."""
        committed = self._store.collections.get(collection, {})
        for key, record in committed.items():
            current = self._writes.get((collection, key), record)
            if current is not _GONE:
                yield key, current
        for (name, key), record in self._writes.items():
            if name == collection and key not in committed and record is not _GONE:
                yield key, record

    def exceeds(self, most: int) -> bool:
        """Whether there would be more than so many records after the commit."""
        count = self._store.count + len(self._writes)
        if not self._writes or count <= most:  # the writes of records that are there count twice, which is quick
            return False
        collections = self._store.collections
        for (collection, key), record in self._writes.items():
            count -= (key in collections.get(collection, {})) + (record is _GONE)
        return count > most

    def forget(self) -> None:
        """Take all writes back."""
        self._writes.clear()

    def commit(self) -> None:
        """Make the writes everybody's; to be called once, without another task in between."""
        for (collection, key), record in self._writes.items():
            records = self._store.collections.setdefault(collection, {})
            if record is _GONE:
                records.pop(key, None)
            else:
                records[key] = record


class Traced(Transaction):
    """A transaction that notes which records, there or not, are looked at or written: by collection and key."""

    __slots__ = ("_touched",)

    def __init__(self, store: Store, touched: set[tuple[str, str]]) -> None:
        super().__init__(store)
        self._touched = touched

    def get(self, collection: str, key: str) -> object | None:
        """Return the record under the key, or None."""
        self._touched.add((collection, key))
        return super().get(collection, key)

    def put(self, collection: str, key: str, record: object) -> None:
        """Set the record under the key."""
        self._touched.add((collection, key))
        super().put(collection, key, record)

    def delete(self, collection: str, key: str) -> None:
        """Forget the record under the key, if there is one."""
        self._touched.add((collection, key))
        super().delete(collection, key)

    def scan(self, collection: str) -> Iterator[tuple[str, object]]:
        """Yield keys and records in the order of their first writing, this transaction's own writes last."""
        for key, record in super().scan(collection):
            self._touched.add((collection, key))
            yield key, record


class Table(Generic[Record]):
    """A typed view of one collection: the model's own records, without casts."""

    __slots__ = ("kind", "name")

    def __init__(self, name: str, kind: type[Record]) -> None:
        self.name = name
        self.kind = kind

    def get(self, state: Transaction, key: str) -> Record | None:
        """Return the record under the key, or None."""
        record = state.get(self.name, key)
        return record if isinstance(record, self.kind) else None

    def put(self, state: Transaction, key: str, record: Record) -> None:
        """Set the record under the key."""
        state.put(self.name, key, record)

    def delete(self, state: Transaction, key: str) -> None:
        """Forget the record under the key, if there is one."""
        state.delete(self.name, key)

    def scan(self, state: Transaction) -> Iterator[tuple[str, Record]]:
        """Yield keys and records in the order of their first writing."""
        for key, record in state.scan(self.name):
            if isinstance(record, self.kind):
                yield key, record
