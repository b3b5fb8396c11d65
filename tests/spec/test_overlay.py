import copy
import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.errors import ContentError
from understudy.spec import source
from understudy.spec.overlay import ABSENT, Action, Overlay, apply, from_source, load, unmatched_error
from understudy.values import Json

HEAD = "overlay: {version}\ninfo: {{title: Mend, version: 1.2.3}}\n"
FILE = Path("mend.overlay.yaml")


def parsed(text: str) -> Overlay:
    return from_source(source.parse(FILE, text.encode()))


def overlay(*actions: Json, version: str = "1.1.0") -> Overlay:
    """Make an overlay whose action N stands on line N + 4."""
    lines = (f"- {json.dumps(action)}\n" for action in actions)
    return parsed(HEAD.format(version=version) + "actions:\n" + "".join(lines))


def applied(document: Json, *actions: Json, version: str = "1.1.0") -> Json:
    return apply(document, overlay(*actions, version=version))[0]


def refused(document: Json, *actions: Json, version: str = "1.1.0") -> str:
    with pytest.raises(ContentError) as caught:
        applied(document, *actions, version=version)
    return str(caught.value)


both = pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])


class TestReading:
    def test_loads(self, tmp_path: Path) -> None:
        """A file becomes an overlay whose actions carry index, reason, basis and the vendor's page."""
        path = tmp_path / "a.yaml"
        path.write_text(
            "overlay: 1.0.1\ninfo: {title: Mend, version: '3', x-a: 1}\nextends: ./api.yaml#top\nx-b: [1]\nactions:\n"
            "- {target: $.a, description: Why, update: null, x-understudy-basis: observed, x-understudy-source: u}\n"
            "- {target: $.b, remove: true, x-else: {}}\n"
        )
        read = load(path)
        assert (read.version, read.title, read.extends) == ("1.0.1", "Mend", "./api.yaml#top")
        assert read.actions == (
            Action(0, "$.a", "Why", None, False, None, "observed", "u"),
            Action(1, "$.b", "", ABSENT, True, None, None, None),
        )
        assert len(set(read.actions)) == 2

    def test_loads_json(self, tmp_path: Path) -> None:
        """An overlay may be JSON as well as YAML."""
        path = tmp_path / "a.json"
        path.write_text('{"overlay": "1.1.0", "info": {"title": "t", "version": "1"}, "actions": [{"target": "$"}]}')
        assert load(path).actions[0].target == "$"

    def test_missing_file(self, tmp_path: Path) -> None:
        """A file that is not there is a content error."""
        with pytest.raises(ContentError, match="cannot read"):
            load(tmp_path / "none.yaml")

    def test_info_description(self) -> None:
        """Overlay 1.1 allows a description in info."""
        text = "overlay: 1.1.0\ninfo: {title: t, version: '1', description: d}\nactions: [{target: $}]"
        assert parsed(text).title == "t"

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("[]", "mend.overlay.yaml:1: the overlay is an array; make it an object"),
            ("", "the overlay is null"),
            ("info: {title: t, version: '1'}\nactions: [{target: $}]", "the overlay has no overlay; add overlay"),
            ("overlay: 1.0.0\nactions: [{target: $}]", "the overlay has no info"),
            ("overlay: 1.0.0\ninfo: {title: t, version: '1'}", "the overlay has no actions"),
            ("overlay: 1.0\n", "mend.overlay.yaml:1 (/overlay): overlay is a number, not a string; put it in quotes"),
            (HEAD.format(version="1.2.0") + "actions: [{target: $}]", "version '1.2.0' is not known; use 1.0.0 or 1"),
            (HEAD.format(version="1.0.0-rc1") + "actions: [{target: $}]", "version '1.0.0-rc1' is not known"),
            ("overlay: 1.0.0\ninfo: []\nactions: []", ":2 (/info): info is an array, not an object"),
            ("overlay: 1.0.0\ninfo: {version: '1'}\nactions: []", ":2 (/info): info has no title"),
            ("overlay: 1.0.0\ninfo: {title: t}\nactions: []", ":2 (/info): info has no version"),
            ("overlay: 1.0.0\ninfo: {title: t, version: 1.0}\nactions: []", "(/info/version): version is a number"),
            (
                "overlay: 1.0.0\ninfo:\n  title: t\n  version: '1'\n  description: d\nactions: []",
                ":5 (/info/description): info has an unknown key 'description' in Overlay 1.0.0; known are title, ver",
            ),
            (HEAD.format(version="1.0.0") + "actions: {}", ":3 (/actions): actions is an object, not an array"),
            (HEAD.format(version="1.0.0") + "actions: []", ":3 (/actions): actions is empty; give at least one"),
            (HEAD.format(version="1.0.0") + "extra: 1\nactions: []", ":3 (/extra): the overlay has an unknown key"),
            (HEAD.format(version="1.0.0") + "extends: 5\nactions: []", ":3 (/extends): extends is a number, not a str"),
            (HEAD.format(version="1.0.0") + "extends: a b\nactions: []", ":3 (/extends): extends is not a URI refer"),
        ],
    )
    def test_refuses_a_bad_overlay(self, text: str, message: str) -> None:
        """Each mistake outside the actions is told with its place and what to do."""
        with pytest.raises(ContentError) as caught:
            parsed(text)
        assert message in str(caught.value)

    @pytest.mark.parametrize(
        ("action", "message"),
        [
            ("$.a", "(/actions/0): action 0 is a string; make it an object"),
            ({"remove": True}, "(/actions/0): action 0 has no target; add target"),
            ({"target": 1}, "(/actions/0/target): target is a number, not a string"),
            ({"target": "$", "description": []}, "description is an array, not a string"),
            ({"target": "$.a", "remove": "true"}, "(/actions/0/remove): remove is a string, not a boolean"),
            ({"target": "$.a", "remove": 1}, "remove is a number, not a boolean"),
            ({"target": "$.a", "copy": True}, "(/actions/0/copy): copy is a boolean, not a string"),
            ({"target": "$.a", "updates": {}}, "(/actions/0/updates): action 0 has an unknown key 'updates' in Ove"),
            ({"target": "$.a[", "update": {}}, "(/actions/0/target): JSONPath '$.a[' fails at its end: "),
            ({"target": "$.a[?foo(@)]", "update": {}}, "fails at character 6: function 'foo' is not defined"),
            ({"target": "a.b", "update": {}}, "fails at character 1: expected '$', found 'a'; mend it (RFC 9535)"),
            ({"target": "$.a", "copy": "$."}, "(/actions/0/copy): JSONPath '$.' fails at its end"),
            ({"target": "$", "remove": True}, "(/actions/0/target): the root cannot be removed"),
            ({"target": "$", "update": {}, "copy": "$.a"}, "(/actions/0/copy): update and copy cancel each other"),
            ({"target": "$", "x-understudy-basis": "guess"}, "basis 'guess' is not known; use one of documented, obs"),
            ({"target": "$", "x-understudy-basis": ["observed"]}, "x-understudy-basis is an array, not a string"),
            ({"target": "$", "x-understudy-source": 3}, "x-understudy-source is a number, not a string"),
        ],
    )
    def test_refuses_a_bad_action(self, action: Json, message: str) -> None:
        """Each mistake inside an action is told with its place and what to do, before anything is applied."""
        with pytest.raises(ContentError) as caught:
            overlay(action)
        assert message in str(caught.value)
        assert str(caught.value).startswith("mend.overlay.yaml:4 ")

    def test_copy_is_unknown_to_1_0(self) -> None:
        """`copy` came with Overlay 1.1; in 1.0 it is an unknown key."""
        with pytest.raises(ContentError, match=r"unknown key 'copy' in Overlay 1\.0\.0"):
            overlay({"target": "$.a", "copy": "$.b"}, version="1.0.0")

    def test_actions_are_unique(self) -> None:
        """The same action twice is an error, whatever the order of its keys."""
        with pytest.raises(ContentError, match=r":5 \(/actions/1\): action 1 repeats action 0; remove one"):
            overlay({"target": "$.a", "update": 1}, {"update": 1, "target": "$.a"})

    def test_true_is_not_one(self) -> None:
        """Actions that differ as JSON differ, also where Python takes their values for equal."""
        assert len(overlay({"target": "$.a", "update": 1}, {"target": "$.a", "update": True}).actions) == 2


class TestOrder:
    @both
    def test_in_sequence(self, version: str) -> None:
        """Each action applies to the result of the former, so that a removed object can be made anew."""
        actions = [{"target": "$.a", "remove": True}, {"target": "$", "update": {"a": {"new": 1}}}]
        assert applied({"a": {"old": 1}}, *actions, version=version) == {"a": {"new": 1}}

    def test_unmatched(self) -> None:
        """An action that matches nothing changes nothing and is handed back; a copy is then not even looked up."""
        mend = overlay({"target": "$.x", "update": 1}, {"target": "$.a", "update": 2}, {"target": "$.y", "copy": "$.z"})
        document, unmatched = apply({"a": 1}, mend)
        assert document == {"a": 2}
        assert [action.index for action in unmatched] == [0, 2]
        assert str(unmatched_error(mend, unmatched[1])) == (
            "mend.overlay.yaml:6 (/actions/2/target): target $.y matches nothing; "
            "mend the target, or remove the action if the document no longer needs it"
        )

    def test_keep(self) -> None:
        """An action that is not kept neither applies nor counts as unmatched."""
        mend = overlay(
            {"target": "$.a", "update": 2, "x-understudy-basis": "inferred"},
            {"target": "$.b", "update": 3, "x-understudy-basis": "documented"},
            {"target": "$.c", "update": 4, "x-understudy-basis": "inferred"},
        )
        result = apply({"a": 1, "b": 1}, mend, keep=lambda action: action.basis == "documented")
        assert result == ({"a": 1, "b": 3}, ())

    @both
    def test_nothing_to_do(self, version: str) -> None:
        """An action may have a target only; it matches and changes nothing."""
        mend = overlay({"target": "$.a", "description": "to do"}, version=version)
        assert apply({"a": {}}, mend) == ({"a": {}}, ())

    def test_too_deep(self) -> None:
        """A query that cannot be evaluated on the document is an error at its action."""
        document: Json = {}
        for _ in range(150):
            document = {"a": document}
        assert "(/actions/0/target): JSONPath '$..b' fails at" in refused(document, {"target": "$..b", "update": 1})


class TestUpdateOfObjects:
    @both
    def test_merges(self, version: str) -> None:
        """Objects merge recursively, arrays inside concatenate, primitives are replaced, the rest stays or is added."""
        old = {"info": {"title": "old", "x": None}, "tags": [1], "kept": 1}
        new = {"info": {"title": "new", "x": 2}, "tags": [[2], 3], "added": {"a": []}}
        assert applied(old, {"target": "$", "update": new}, version=version) == {
            "info": {"title": "new", "x": 2},
            "tags": [1, [2], 3],
            "kept": 1,
            "added": {"a": []},
        }

    @both
    def test_item_of_a_list(self, version: str) -> None:
        """A target may be an item of a list, found by a filter."""
        document = {"parameters": [{"name": "a"}, {"name": "b"}]}
        action = {"target": "$.parameters[?@.name == 'b']", "update": {"required": True}}
        expected = {"parameters": [{"name": "a"}, {"name": "b", "required": True}]}
        assert applied(document, action, version=version) == expected

    @both
    def test_several_targets_share_nothing(self, version: str) -> None:
        """What an update inserts at two targets are two values: a later change of one leaves the other."""
        actions = [
            {"target": "$.*", "update": {"list": []}},
            {"target": "$.a.list", "update": "x"},
        ]
        assert applied({"a": {}, "b": {}}, *actions, version=version) == {"a": {"list": ["x"]}, "b": {"list": []}}

    @both
    def test_nested_targets(self, version: str) -> None:
        """A target and an object inside it are both updated, each as it was selected."""
        action = {"target": "$..[?@.type]", "update": {"x": [1]}}
        document = {"a": {"type": "o", "in": {"type": "p"}}}
        expected = {"a": {"type": "o", "in": {"type": "p", "x": [1]}, "x": [1]}}
        assert applied(document, action, version=version) == expected

    @both
    @pytest.mark.parametrize(
        ("update", "what"),
        [
            ("text", "/actions/0/update): a string cannot be merged into an object at the root; remove the old value"),
            ([], "/actions/0/update): an array cannot be merged into an object at the root"),
            ({"a": {"b": 1}}, "/actions/0/update/a/b): a number cannot be merged into an object at /a/b"),
            ({"l": {}}, "/actions/0/update/l): an object cannot be merged into an array at /l"),
            ({"n": {}}, "/actions/0/update/n): an object cannot be merged into null at /n"),
            ({"n": []}, "/actions/0/update/n): an array cannot be merged into null at /n"),
            ({"l": None}, "/actions/0/update/l): null cannot be merged into an array at /l"),
        ],
    )
    def test_refuses_a_mix_of_kinds(self, update: Json, what: str, version: str) -> None:
        """Values of different kinds are incompatible: an error at the line of the value, with the place it meets."""
        document: Json = {"a": {"b": {}}, "l": [], "n": None}
        assert what in refused(document, {"target": "$", "update": update}, version=version)


class TestUpdateOfArrays:
    @both
    @pytest.mark.parametrize("entry", [{"name": "b"}, "b", None, 1])
    def test_appends_an_entry(self, entry: Json, version: str) -> None:
        """An object or a primitive value is appended to the target array."""
        assert applied({"l": ["a"]}, {"target": "$.l", "update": entry}, version=version) == {"l": ["a", entry]}

    def test_1_0_appends_an_array_as_one_entry(self) -> None:
        """Overlay 1.0 takes whatever the update is for one entry."""
        assert applied({"l": [1]}, {"target": "$.l", "update": [2, 3]}, version="1.0.0") == {"l": [1, [2, 3]]}

    def test_1_1_concatenates_an_array(self) -> None:
        """Overlay 1.1 concatenates an array with the target array."""
        assert applied({"l": [1]}, {"target": "$.l", "update": [2, [3]]}) == {"l": [1, 2, [3]]}

    @both
    def test_once_for_a_node_selected_twice(self, version: str) -> None:
        """A node that the query selects more than once is one target."""
        assert applied({"l": []}, {"target": "$['l', 'l']", "update": 1}, version=version) == {"l": [1]}


class TestKindsOfTargets:
    def test_1_1_replaces_primitives(self) -> None:
        """Overlay 1.1 replaces primitive targets, null among them, by a primitive value."""
        assert applied({"a": 1, "b": [None, True]}, {"target": "$.b[*]", "update": "x"}) == {"a": 1, "b": ["x", "x"]}
        assert applied("old", {"target": "$", "update": None}) is None

    def test_1_1_refuses_to_replace_a_primitive_by_a_container(self) -> None:
        """A primitive target takes a primitive value only."""
        message = refused({"a": 1}, {"target": "$.a", "update": {"b": 2}})
        assert "an object cannot be merged into a number at /a" in message

    @pytest.mark.parametrize("change", [{"update": 2}, {"remove": True}])
    def test_1_0_refuses_primitives(self, change: Json) -> None:
        """Overlay 1.0 targets objects and arrays; a primitive value can be neither updated nor removed."""
        message = refused({"a": [1]}, {"target": "$.a[0]", **change}, version="1.0.0")
        assert "(/actions/0/target): target selects a primitive value (/a/0), which Overlay 1.0 cannot" in message

    @pytest.mark.parametrize("change", [{"update": {}}, {"copy": "$.a"}])
    def test_1_1_refuses_different_kinds(self, change: Json) -> None:
        """Overlay 1.1 wants all targets of an update or copy to be of one kind."""
        message = refused({"a": {}, "b": []}, {"target": "$.*", **change})
        assert "target selects different kinds, object (/a) and array (/b); make an action of each" in message

    def test_1_0_treats_each_by_its_kind(self) -> None:
        """Overlay 1.0 does not forbid it: an object is merged into objects and appended to arrays."""
        action = {"target": "$.*", "update": {"x": 1}}
        assert applied({"a": {}, "b": []}, action, version="1.0.0") == {"a": {"x": 1}, "b": [{"x": 1}]}

    def test_1_1_removes_different_kinds(self) -> None:
        """The targets of a remove may be of any kinds."""
        assert applied({"a": {}, "b": [], "c": 1}, {"target": "$.*", "remove": True}) == {}


class TestRemove:
    @both
    def test_several_items(self, version: str) -> None:
        """Of one list exactly the selected items go, in whatever order the query names them."""
        document = {"l": [{"n": n} for n in range(6)]}
        action = {"target": "$.l[1, 4, -6, 1]", "remove": True}
        assert applied(document, action, version=version) == {"l": [{"n": 2}, {"n": 3}, {"n": 5}]}

    def test_primitive_items(self) -> None:
        """Overlay 1.1 removes primitive items of a list."""
        assert applied({"tags": ["a", "b", "a", "c"]}, {"target": "$.tags[?@ == 'a']", "remove": True}) == {
            "tags": ["b", "c"]
        }

    @both
    def test_nested_targets(self, version: str) -> None:
        """A target inside another target goes with it, and its neighbours stay right."""
        document = {"l": [{"x": {"l": [{"x": {}}]}}, {"y": {}}, {"x": {}}]}
        assert applied(document, {"target": "$..[?@.x]", "remove": True}, version=version) == {"l": [{"y": {}}]}

    @both
    def test_false_does_not_remove(self, version: str) -> None:
        """`remove: false` is the default and leaves the target to the update."""
        assert applied({"a": {}}, {"target": "$.a", "remove": False}, version=version) == {"a": {}}
        action = {"target": "$.a", "remove": False, "update": {"b": 1}}
        assert applied({"a": {}}, action, version=version) == {"a": {"b": 1}}

    @both
    def test_wins_over_update(self, version: str) -> None:
        """With `remove: true` an update has no impact."""
        assert applied({"a": {}}, {"target": "$.a", "remove": True, "update": {}}, version=version) == {}

    def test_wins_over_copy(self) -> None:
        """With `remove: true` a copy has no impact, and is not looked up."""
        action = {"target": "$.a", "remove": True, "copy": "$.nothing", "update": 1}
        assert applied({"a": {}, "b": 1}, action) == {"b": 1}


class TestCopy:
    def test_merges(self) -> None:
        """A copy merges the selected node into the target as an update would, and leaves the node."""
        document = {"paths": {"/items": {"get": {"x": 1}}, "/some": {"delete": {}}}}
        expected = {"paths": {"/items": {"get": {"x": 1}}, "/some": {"delete": {}, "get": {"x": 1}}}}
        assert applied(document, {"target": "$.paths['/some']", "copy": "$.paths['/items']"}) == expected

    def test_arrays_and_primitives(self) -> None:
        """A copied array is concatenated, another value appended to an array, a primitive replaces a primitive."""
        document = {"a": [1], "b": [2], "c": 3}
        actions = [
            {"target": "$.a", "copy": "$.b"},
            {"target": "$.a", "copy": "$.c"},
            {"target": "$.c", "copy": "$.b[0]"},
        ]
        assert applied(document, *actions) == {"a": [1, 2, 3], "b": [2], "c": 2}

    def test_moves(self) -> None:
        """Update, copy and remove in sequence rename a node; the copy is independent of its origin."""
        actions = [
            {"target": "$", "update": {"new": {}}},
            {"target": "$.new", "copy": "$.old"},
            {"target": "$.old.l", "update": 2},
            {"target": "$.old", "remove": True},
        ]
        assert applied({"old": {"l": [1]}}, *actions) == {"new": {"l": [1]}}

    def test_of_what_contains_the_target(self) -> None:
        """The node is taken as it was before the action, also where the target lies inside it."""
        assert applied({"a": {"b": {}}}, {"target": "$.a", "copy": "$"}) == {"a": {"b": {}, "a": {"b": {}}}}
        assert applied({"l": [1]}, {"target": "$.l", "copy": "$.l"}) == {"l": [1, 1]}

    @pytest.mark.parametrize(("query", "count"), [("$.x", 0), ("$.*", 2)])
    def test_wants_one_node(self, query: str, count: int) -> None:
        """A copy of no node or of several is an error."""
        message = refused({"a": {}, "b": {}}, {"target": "$.a", "copy": query})
        assert f"(/actions/0/copy): copy {query} selects {count} nodes; write it so that" in message

    def test_refuses_a_mix_of_kinds(self) -> None:
        """A copy into another kind is an error at the line of `copy`."""
        message = refused({"a": {"x": 1}, "b": {"x": {}}}, {"target": "$.a", "copy": "$.b"})
        assert "(/actions/0/copy): an object cannot be merged into a number at /a/x" in message


def test_an_alias_in_the_document_is_two_values() -> None:
    """Where YAML names one value twice, an action on one place leaves the other."""
    shared: Json = {"x": 1}
    assert applied({"a": shared, "b": shared}, {"target": "$.a", "update": {"x": 2}}) == {"a": {"x": 2}, "b": {"x": 1}}


KEYS = st.sampled_from(["a", "b", "c"])
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
TARGETS = st.sampled_from(["$", "$.a", "$.*", "$..*", "$.a[*]", "$..b", "$..[0, 1]", "$..[?@.a]"])
CHANGES = st.one_of(
    VALUES.map(lambda value: {"update": value}), TARGETS.map(lambda query: {"copy": query}), st.just({"remove": True})
)


def containers(value: Json) -> set[int]:
    if not isinstance(value, dict | list):
        return set()
    members = value.values() if isinstance(value, dict) else value
    return {id(value)}.union(*map(containers, members))


@given(VALUES, TARGETS, CHANGES)
def test_inputs_are_never_changed_or_shared(document: Json, target: str, change: Json) -> None:
    """Whatever an action does, document and overlay stay as they were, and the result shares no part with them."""
    try:
        mend = overlay({"target": target, **change})
    except ContentError:
        assert (target, change) == ("$", {"remove": True})
        return
    before = copy.deepcopy((document, mend.source.value))
    with suppress(ContentError):  # where two kinds meet, or a copy selects no node or several
        result, unmatched = apply(document, mend)
        assert not unmatched or result == document
        assert not containers(result) & (containers(document) | containers(mend.source.value))
    assert (document, mend.source.value) == before


@given(st.lists(st.integers(), max_size=8), st.lists(st.integers(-8, 8), min_size=1, max_size=6))
def test_removes_exactly_the_selected_items(items: list[int], indexes: list[int]) -> None:
    """A list keeps the items that no index names, in their order."""
    gone = {index % len(items) for index in indexes if -len(items) <= index < len(items)} if items else set()
    result = applied({"l": items}, {"target": f"$.l{indexes}", "remove": True})
    assert result == {"l": [item for index, item in enumerate(items) if index not in gone]}
