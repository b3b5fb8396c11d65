"""What calls sequences are drawn from."""

import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any, TypeAlias

import pytest
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from understudy import pack as packs
from understudy.contract.stateful.plans import OWN, Plan, Plans
from understudy.model.oracle import Oracle
from understudy.model.slots import Slot
from understudy.spec.document import Document

Draw: TypeAlias = Callable[[Random], Plan]


def document(schema: dict[str, Any], **operation: Any) -> Document:
    """Return a document with one operation that takes such a body, and names its record in the path."""
    put = {
        "operationId": "put",
        "parameters": [
            {"name": "id", "in": "path", "required": True, "schema": {}, "x-understudy-identifier": True},
            {"name": "mode", "in": "query", "schema": {"enum": ["a", "b"]}},
        ],
        "requestBody": {"content": {"application/json": {"schema": schema}}},
        "responses": {"200": {"description": "ok"}},
        **operation,
    }
    return Document({"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {"/{id}": {"put": put}}})


def plans(schema: dict[str, Any], oracle: Oracle | None = None, *, case: bool = False, creates: bool = False) -> Plans:
    """Return the plans of that document."""
    marks = {"x-understudy-creates": True} if creates else {}
    return Plans(document(schema, **marks), oracle or Oracle(), ["put"], case=case)


def first(draw: Draw, condition: Callable[[Plan], bool]) -> Plan:
    """Return the first plan for which the condition holds; fails where none of thousands does."""
    return next(plan for plan in map(draw, map(Random, range(20_000))) if condition(plan))


def never(draw: Draw, condition: Callable[[Plan], bool]) -> bool:
    """Whether no plan out of a thousand keeps the condition."""
    return not any(condition(draw(Random(number))) for number in range(1000))


def test_the_record_of_a_call_is_named_alike_in_path_and_body() -> None:
    """A property that is marked gets the slot of the call, not one of its own."""
    schema = {"type": "object", "required": ["name"], "properties": {"name": {"x-understudy-identifier": True}}}
    plan = first(plans(schema).call, lambda plan: plan.parameters["path"]["id"] == Slot(1, "longer"))
    assert plan.body == {"name": Slot(1, "longer")}
    assert OWN not in (plan.body["name"], plan.parameters["path"]["id"])


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "format": "date"}, "2026-02-28"),
        ({"type": "integer", "minimum": 8}, 2**31 - 1),
        ({"type": ["string", "null"]}, None),
        ({"oneOf": [{"enum": [1]}, {"type": "boolean"}]}, True),
        ({"type": "array", "items": {"enum": ["x"]}}, ["x", "x", "x"]),
        ({"type": "array", "items": {"enum": ["x"]}}, []),
        ({"type": "object"}, {"name": "understudy"}),
    ],
)
def test_bodies_are_drawn_from_their_schemas(schema: dict[str, Any], value: Any) -> None:
    """Types, formats, lists, alternatives and free objects."""
    body = {"type": "object", "properties": {"a": schema}}
    assert first(plans(body).call, lambda plan: plan.body == {"a": value}).body == {"a": value}


def test_some_bodies_are_spoilt_in_one_place() -> None:
    """So that calls are refused in the middle of a sequence."""
    body = {"type": "object", "properties": {"a": {"type": "array", "items": {"enum": ["x"]}}}}
    spoilt = first(plans(body).call, lambda plan: plan.body in ({"a": 7}, {"a": {}}, {"a": True}, {"a": "x" * 2000}))
    assert document(body).operations["put"].bodies["application/json"].is_valid(spoilt.body) is False


def test_a_pool_is_all_that_is_drawn_from() -> None:
    """For parameters and properties alike, so that calls meet."""
    body = {"type": "object", "required": ["mode"], "properties": {"mode": {"type": "string"}}}
    drawn = plans(body, Oracle(pools={"mode": ("c",)})).call
    found = first(drawn, lambda plan: bool(plan.parameters.get("query")) and plan.body == {"mode": "c"})
    assert found.parameters["query"] == {"mode": "c"}


def test_what_is_shared_may_be_another_records_identifier_and_what_is_left_out_is_never_sent() -> None:
    """As the pack's oracle has it."""
    body = {"type": "object", "properties": {"other": {"type": "string"}, "gone": {"type": "string"}}}
    drawn = plans(body, Oracle(shared=("other",), left_out=("gone",))).call
    assert first(drawn, lambda plan: plan.body == {"other": Slot(1)}).body == {"other": Slot(1)}
    assert never(drawn, lambda plan: isinstance(plan.body, dict) and "gone" in plan.body)


@pytest.mark.parametrize("case", [True, False])
def test_identifiers_differ_in_case_only_where_a_rule_tells_them_apart(case: bool) -> None:
    """Elsewhere an endpoint may take them for one."""
    drawn = plans({"type": "object"}, case=case).call

    def differs(plan: Plan) -> bool:
        return bool(plan.parameters["path"]["id"].kind == "case")

    if case:
        assert differs(first(drawn, differs))
    else:
        assert never(drawn, differs)


def test_a_sequence_begins_with_what_creates_its_record() -> None:
    """Where there is such an operation; elsewhere with any call."""
    made = plans({"type": "object"}, creates=True)
    assert never(made.creation, lambda plan: plan.parameters["path"]["id"] != Slot(0))
    other = plans({"type": "object"}).creation
    assert first(other, lambda plan: plan.parameters["path"]["id"] == Slot(1)).operation_id == "put"


def test_some_calls_are_others_with_a_change() -> None:
    """A list that is emptied, a flag that is turned, a property that is gone: what was written is written again."""
    body = {"type": "object", "required": ["l", "f"], "properties": {"l": {"enum": [["x"]]}, "f": {"enum": [True]}}}
    draw = plans(body).call
    assert first(draw, lambda plan: plan.body == {"l": [], "f": True}).operation_id == "put"
    assert first(draw, lambda plan: plan.body == {"l": ["x"], "f": False}).operation_id == "put"


def test_calls_are_of_great_variety_and_some_come_again() -> None:
    """Hypothesis draws the same bytes again and again; calls are others each time but for some, on purpose."""
    drawn: list[Plan] = []

    @settings(max_examples=100, database=None, deadline=None)
    @given(st.data())
    def draw(data: st.DataObject) -> None:
        drawn.append(data.draw(made.all))

    made = plans({"type": "object", "properties": {"a": {"type": "object"}, "b": {"type": "object"}}})
    draw()
    different = {repr(plan) for plan in drawn}
    assert len(drawn) * 0.7 < len(different) < len(drawn)


@pytest.mark.parametrize("vendor", packs.names())
def test_drawing_is_cheap(vendor: str) -> None:
    """A strategy's repr, which Hypothesis makes, does not grow with the depth of the schemas."""
    pack = packs.load(vendor)
    assert pack.oracle is not None
    made = Plans(pack.effective, pack.oracle, list(pack.oracle.comparisons), case=True)
    assert len(repr(made.all)) < 20_000


def test_what_is_drawn_does_not_depend_on_what_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hypothesis draws the constants of loaded code; a run with the same seed must not depend on who starts it."""

    def drawn() -> list[Plan]:
        made = plans({"type": "object", "properties": {"a": {"type": "integer"}}})
        found: list[Plan] = []

        @seed(5)
        @settings(max_examples=300, database=None, phases=(Phase.generate,))
        @given(made.all)
        def draw(plan: Plan) -> None:
            found.append(plan)

        draw()
        return found

    before = drawn()
    module = tmp_path / "constants.py"
    module.write_text(f"FOUND = {[bytes([65 + size]) * size for size in range(1, 65)]}")
    loaded = ModuleType("constants")
    loaded.__file__ = str(module)
    monkeypatch.setitem(sys.modules, "constants", loaded)
    assert [(each.parameters, each.body) for each in drawn()] == [(each.parameters, each.body) for each in before]
