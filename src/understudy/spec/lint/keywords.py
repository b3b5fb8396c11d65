"""Checks of the keywords of schemas: those without effect, those that want a type, bounds that leave nothing."""

from collections.abc import Iterator, Mapping

from understudy.spec.lint.finding import Check, Fault, LintLevel
from understudy.spec.lint.nodes import IN_PLACE, Kind, Node
from understudy.spec.lint.schemas import ALL, in_condition, top, types, whole_family
from understudy.spec.lint.view import View
from understudy.values import join

_STRING = frozenset({"string"})
_NUMBER = frozenset({"number"})
_ARRAY = frozenset({"array"})
_OBJECT = frozenset({"object"})
APPLIES: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("maxLength", "minLength", "pattern", "contentEncoding", "contentMediaType"), _STRING),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), _NUMBER),
    **dict.fromkeys(("items", "minItems", "maxItems", "uniqueItems", "prefixItems", "unevaluatedItems"), _ARRAY),
    **dict.fromkeys(("contains", "minContains", "maxContains"), _ARRAY),
    **dict.fromkeys(("properties", "required", "additionalProperties", "minProperties", "maxProperties"), _OBJECT),
    **dict.fromkeys(("patternProperties", "propertyNames", "unevaluatedProperties"), _OBJECT),
    **dict.fromkeys(("dependentRequired", "dependentSchemas"), _OBJECT),
}
"""The types that a keyword has a say on; on others it has no effect (JSON Schema 2020-12 Validation, section 6)."""

_OF_30 = frozenset(
    (
        *("maxLength", "minLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
        *("multipleOf", "items", "minItems", "maxItems", "uniqueItems"),
        *("properties", "required", "additionalProperties", "minProperties", "maxProperties"),
    )
)
FORMATS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("date", "date-time", "time", "duration", "email", "idn-email"), _STRING),
    **dict.fromkeys(("ipv4", "ipv6", "uri", "uri-reference", "uri-template", "iri", "iri-reference", "uuid"), _STRING),
    **dict.fromkeys(("hostname", "idn-hostname", "json-pointer", "regex", "byte", "binary", "password"), _STRING),
    **dict.fromkeys(("int32", "int64", "float", "double"), _NUMBER | _STRING),
}
"""The types that a format is for, by OpenAPI's registry of formats; numbers are sent as strings too."""

_WANT_TYPE = APPLIES.keys() - {"required", "minProperties", "contentEncoding", "contentMediaType"}
_BOUNDS = (
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
    ("minimum", "maximum"),
    ("minContains", "maxContains"),
)
_PARTNERS = (
    ("if", ("then", "else")),
    ("then", ("if",)),
    ("else", ("if",)),
    ("minContains", ("contains",)),
    ("maxContains", ("contains",)),
)
"""Keywords that do nothing without one of others (JSON Schema 2020-12: Core, 10.2.2; Validation, 6.4)."""
_IGNORED_BESIDE_REFERENCE = (
    *APPLIES,
    "type",
    "format",
    "enum",
    "nullable",
    "readOnly",
    "writeOnly",
    "allOf",
    "anyOf",
    "oneOf",
)


def _schemas(view: View) -> Iterator[Node]:
    """Yield the schemas whose keywords count: in OpenAPI 3.0 nothing beside `$ref` does."""
    return (node for node in view.of(Kind.SCHEMA) if node.reference is None or view.version != "3.0")


def _known(view: View, node: Node) -> Iterator[str]:
    return (key for key in node.value if key in APPLIES and (view.version != "3.0" or key in _OF_30))


def _without_effect(view: View) -> Iterator[Fault]:
    for node in _schemas(view):
        kinds = types(view, node)
        for keyword in _known(view, node):
            if kinds and not kinds & APPLIES[keyword]:
                yield _dead(node, keyword, f"`{keyword}` has no effect on {_shown(kinds)}")
        form = node.value.get("format")
        wanted = FORMATS.get(form) if isinstance(form, str) else None
        if wanted is not None and kinds and not kinds & wanted:
            yield _dead(node, "format", f"the format {form} has no effect on {_shown(kinds)}")
        for keyword, other in _PARTNERS if view.version != "3.0" else ():
            if keyword in node.value and not any(each in node.value for each in other) and not _noted(node):
                what = f"`{keyword}` has no effect without {' or '.join(f'`{each}`' for each in other)}"
                yield _dead(node, keyword, what, "add what is missing, or remove it")
        if view.version == "3.0":
            yield from _bare_exclusive(node)
        elif "nullable" in node.value:
            what = "`nullable` has no effect: OpenAPI 3.1 does not have it"
            yield Fault(node.pointer + "/nullable", what, "let `type` list `null` too, or remove it", "nullable")


def _noted(node: Node) -> bool:
    """Whether a schema here or around looks at what others have evaluated: then a lone `if` counts (Core, 10.2.2.1)."""
    around: Node | None = node
    while around is not None:
        if "unevaluatedProperties" in around.value or "unevaluatedItems" in around.value:
            return True
        around = around.parent
    return False


def _dead(node: Node, keyword: str, what: str, todo: str = "remove it, or correct the type") -> Fault:
    return Fault(node.pointer + join(keyword), what, todo, keyword)


def _bare_exclusive(node: Node) -> Iterator[Fault]:
    for exclusive, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if node.value.get(exclusive) is True and bound not in node.value:
            yield Fault(
                node.pointer + join(exclusive), f"`{exclusive}` has no effect without `{bound}`", f"add `{bound}`"
            )


def _shown(kinds: frozenset[str]) -> str:
    names = sorted(kinds - {"null"}) or ["null"]
    return "null" if names == ["null"] else " or ".join(f"{'an' if name[0] in 'ao' else 'a'} {name}" for name in names)


def _beside_reference(view: View) -> Iterator[Fault]:
    if view.version != "3.0":
        return
    for node in view.of(Kind.SCHEMA):
        if node.reference is not None:
            for keyword in _IGNORED_BESIDE_REFERENCE:
                if keyword in node.value:
                    what = f"`{keyword}` beside `$ref` has no effect in OpenAPI 3.0"
                    yield Fault(node.pointer + join(keyword), what, "put the reference into an `allOf`", keyword)


def _format_without_type(view: View) -> Iterator[Fault]:
    for node in _untyped(view):
        form = node.value.get("format")
        if isinstance(form, str) and not {"enum", "const"} & node.value.keys():
            what = f"the format {form} stands without a `type`, so that values of any other type pass"
            yield Fault(node.pointer + "/format", what, "add the type")


def _assertion_without_type(view: View) -> Iterator[Fault]:
    for node in _untyped(view):
        keyword = next(
            (key for key in _known(view, node) if key in _WANT_TYPE and node.value[key] not in ({}, [])), None
        )
        if keyword is not None and not {"enum", "const"} & node.value.keys():
            (kind,) = APPLIES[keyword]
            what = f"the schema has `{keyword}` and no `type`, so that values of any other type pass"
            yield Fault(node.pointer, what, f"add `type: {kind}`")


def _enum_without_type(view: View) -> Iterator[Fault]:
    for node in _untyped(view):
        around = node.parent.kind if node.parent is not None else Kind.ROOT
        if around in (Kind.PARAMETER, Kind.HEADER) and "enum" in node.value:
            what = "the enum of a parameter or header stands without a `type`, which says how its text is read"
            yield Fault(node.pointer + "/enum", what, "add the type")


def _untyped(view: View) -> Iterator[Node]:
    """Yield the schemas that leave all types open, where they are not parts of others that close them."""
    used = view.uses
    for node in _schemas(view):
        if "type" in node.value or in_condition(node) or types(view, node) != ALL:
            continue
        uses = used.get(node.pointer, ())
        mixed_in = bool(uses) and all(_in_place(use) for use in uses)
        outer = top(node)
        if not mixed_in and not _mixed(outer, used) and not _typed_elsewhere(view, node):
            yield node


def _typed_elsewhere(view: View, node: Node) -> bool:
    """Whether another schema for the same value names a type, or may, for it cannot be read."""
    whole = whole_family(view, node)
    return not whole.closed or any(types(view, each) != ALL for each in whole.members)


def _mixed(outer: Node, used: Mapping[str, tuple[Node, ...]]) -> bool:
    uses = used.get(outer.pointer, ())
    return bool(uses) and all(_in_place(use) for use in uses)


def _in_place(use: Node) -> bool:
    return use.slot in IN_PLACE or any(key != "$ref" for key in use.value if key in ("type", "allOf"))


def _impossible(view: View) -> Iterator[Fault]:
    for node in _schemas(view):
        for low, high in _BOUNDS:
            least, most = node.value.get(low), node.value.get(high)
            if _number(least) and _number(most) and least > most:  # type: ignore[operator]
                what = f"`{low}` {least} is more than `{high}` {most}, so that no value passes"
                yield Fault(node.pointer + join(low), what, "correct one of them", low)
        if node.value.get("readOnly") is True and node.value.get("writeOnly") is True:
            what = "the schema is `readOnly` and `writeOnly`, so that it stands in no message"
            yield Fault(node.pointer + "/writeOnly", what, "remove one of them")


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _unreadable(view: View) -> Iterator[Fault]:
    for pointer, pattern in view.validation.unreadable.items():
        what = f"the pattern {pattern!r} cannot be read as a regular expression, so nothing was checked against it"
        yield Fault(pointer, what, "correct it (ECMA-262)")


def _required_without_schema(view: View) -> Iterator[Fault]:
    for node in _schemas(view):
        names = node.value.get("required")
        if not isinstance(names, list) or in_condition(node):
            continue
        whole = whole_family(view, node)
        if not whole.closed or whole.admits("") or _is_mixin(view, node):
            continue
        for index, name in enumerate(names):
            if isinstance(name, str) and name not in whole.properties():
                what = f"{name!r} is required, and no schema describes it"
                yield Fault(
                    f"{node.pointer}/required/{index}", what, "add it to `properties`, or correct the name", name
                )


def _is_mixin(view: View, node: Node) -> bool:
    return _mixed(top(node), view.uses)


def _discriminators(view: View) -> Iterator[Fault]:
    for node in _schemas(view):
        discriminator = node.value.get("discriminator")
        name = discriminator.get("propertyName") if isinstance(discriminator, Mapping) else None
        if not isinstance(name, str):
            continue
        whole = whole_family(view, node)
        if whole.closed and not whole.admits(name) and name not in whole.properties():
            what = f"the discriminator names the property {name!r}, which no schema describes"
            yield Fault(node.pointer + "/discriminator/propertyName", what, "add the property, or correct the name")


def _array_without_items(view: View) -> Iterator[Fault]:
    for node in _schemas(view):
        if view.version == "3.0" and node.value.get("type") == "array" and "items" not in node.value:
            yield Fault(node.pointer, "the array has no `items`, which OpenAPI 3.0 demands", "add `items`")


CHECKS = (
    Check(
        "keyword-without-effect",
        LintLevel.WARNING,
        "A keyword has no say on values of the schema's type.",
        _without_effect,
    ),
    Check(
        "keyword-beside-reference",
        LintLevel.WARNING,
        "A keyword beside `$ref` is ignored in OpenAPI 3.0.",
        _beside_reference,
    ),
    Check("format-without-type", LintLevel.WARNING, "A format stands without a type.", _format_without_type),
    Check(
        "schema-without-type",
        LintLevel.WARNING,
        "A schema speaks of one type and does not name it.",
        _assertion_without_type,
    ),
    Check(
        "enum-without-type",
        LintLevel.NOTE,
        "The enum of a parameter or header stands without a type.",
        _enum_without_type,
    ),
    Check("impossible-schema", LintLevel.ERROR, "Keywords of a schema leave no value.", _impossible),
    Check("pattern-unreadable", LintLevel.WARNING, "A pattern is no regular expression.", _unreadable),
    Check(
        "required-without-schema",
        LintLevel.WARNING,
        "A required property is described nowhere.",
        _required_without_schema,
    ),
    Check("discriminator-without-property", LintLevel.ERROR, "A discriminator names no property.", _discriminators),
    Check("array-without-items", LintLevel.ERROR, "An array of OpenAPI 3.0 has no items.", _array_without_items),
)
