"""Records, transactions and typed views of them."""

from understudy.model.state import Store, Table

NAMES = Table("names", str)


def filled() -> Store:
    """Return a store with two names."""
    store = Store()
    transaction = store.begin()
    NAMES.put(transaction, "1", "Ada")
    NAMES.put(transaction, "2", "Bo")
    transaction.commit()
    return store


def test_nothing_is_seen_outside_before_the_commit() -> None:
    """And all of it afterwards."""
    store = filled()
    writing = store.begin()
    NAMES.put(writing, "1", "Eve")
    NAMES.delete(writing, "2")
    assert [NAMES.get(store.begin(), key) for key in "12"] == ["Ada", "Bo"]
    writing.commit()
    assert [NAMES.get(store.begin(), key) for key in "12"] == ["Eve", None]


def test_a_transaction_sees_its_own_writes() -> None:
    """The last of them."""
    transaction = filled().begin()
    NAMES.put(transaction, "3", "Cy")
    NAMES.delete(transaction, "1")
    NAMES.put(transaction, "2", "Bob")
    assert [NAMES.get(transaction, key) for key in "123"] == [None, "Bob", "Cy"]
    NAMES.put(transaction, "1", "Ann")
    assert NAMES.get(transaction, "1") == "Ann"


def test_a_scan_keeps_the_order_of_first_writing() -> None:
    """Its own writes come last, what it deleted is not there."""
    store = filled()
    transaction = store.begin()
    NAMES.put(transaction, "3", "Cy")
    NAMES.put(transaction, "1", "Ann")
    NAMES.delete(transaction, "2")
    NAMES.delete(transaction, "4")
    assert list(NAMES.scan(transaction)) == [("1", "Ann"), ("3", "Cy")]
    assert list(NAMES.scan(store.begin())) == [("1", "Ada"), ("2", "Bo")]


def test_a_transaction_that_is_dropped_leaves_nothing() -> None:
    """As a refused call does."""
    store = filled()
    NAMES.put(store.begin(), "1", "Eve")
    assert NAMES.get(store.begin(), "1") == "Ada"


def test_deleting_what_is_not_there_is_no_error() -> None:
    """Nor is reading it."""
    store = Store()
    transaction = store.begin()
    NAMES.delete(transaction, "1")
    transaction.commit()
    assert NAMES.get(store.begin(), "1") is None
    assert list(NAMES.scan(store.begin())) == []


def test_a_table_shows_records_of_its_kind_alone() -> None:
    """Another table of the same name does not mislead it."""
    store = filled()
    numbers = Table("names", int)
    assert numbers.get(store.begin(), "1") is None
    assert list(numbers.scan(store.begin())) == []


def test_collections_and_keys_are_kept_apart() -> None:
    """The same key in another collection is another record."""
    transaction = filled().begin()
    assert Table("others", str).get(transaction, "1") is None
