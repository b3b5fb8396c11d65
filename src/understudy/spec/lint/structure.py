"""What makes a file an OpenAPI document that can be checked, and what openapi-spec-validator says of its structure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs
from jsonschema_path.paths import SchemaPath
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator
from openapi_spec_validator.schemas import schema_v30, schema_v31
from openapi_spec_validator.validation.keywords import KeywordValidator

from understudy.errors import ContentError, Where, told
from understudy.spec.lint.finding import Check, Fault, LintLevel
from understudy.spec.lint.nodes import Kind
from understudy.spec.lint.skeleton import skeleton
from understudy.spec.lint.validation import META
from understudy.spec.lint.view import View
from understudy.spec.source import Source
from understudy.values import Json, children, join

LIMIT = 64 * 2**20
"""The largest document that is taken, in bytes."""
_VALUES = 3_000_000
"""The most values that a document may hold; aliases of YAML count each time."""
_LINK_PARAMETER = re.compile(r"/links/[^/]+/parameters/[^/]+$")
"""Where the schema of OpenAPI 3.1 wants strings, and the specification lets any value be (3.1.0, section 4.8.20)."""
_IN_OPERATION = re.compile(r"'(?P<method>[a-z]+)' (?:operation )?in '(?P<path>[^']*)'")
_META = {
    version: jsonschema_rs.validator_for(dict(schema)) for version, schema in (("3.0", schema_v30), ("3.1", schema_v31))
}
"""The schemas of whole documents that openapi-spec-validator holds them against."""


class _Silent(KeywordValidator):
    """Takes the place of checks that others here make with line and pointer."""

    def __call__(self, *_: Any, **__: Any) -> Iterator[Any]:
        return iter(())


_QUIET: dict[str, type[KeywordValidator]] = {"schema": _Silent, "default": _Silent}
_CHECKS_30 = {**OpenAPIV30SpecValidator.keyword_validators, **_QUIET}
_CHECKS_31 = {**OpenAPIV31SpecValidator.keyword_validators, **_QUIET}


class _V30(OpenAPIV30SpecValidator):
    keyword_validators = _CHECKS_30


class _V31(OpenAPIV31SpecValidator):
    keyword_validators = _CHECKS_31


def admit(source: Source) -> Mapping[str, Json]:
    """Return the document of a file; raises ContentError where it is none that can be checked."""
    value = source.value
    todo = "give an OpenAPI 3.0 or 3.1 document"
    if value is None:
        raise source.error("the file is empty", todo=todo)
    if not isinstance(value, Mapping):
        raise source.error("not an OpenAPI document: no object", todo=todo)
    if "swagger" in value:
        raise source.error(f"a Swagger {value['swagger']} document", todo="convert it to OpenAPI 3 first")
    if "openapi" not in value:
        raise source.error("not an OpenAPI document: it has no `openapi`", todo=todo)
    version = str(value["openapi"])
    if not re.fullmatch(r"3\.[01](\.\d+)?(-.+)?", version):
        raise source.error(f"OpenAPI {version} is not understood", "/openapi", todo)
    _measure(source)
    return value


def _measure(source: Source) -> None:
    """Raise ContentError where the document, with what its aliases stand for, holds too many values."""
    count, level = 0, [source.value]
    while level:
        count += len(level)
        if count > _VALUES:
            what = f"the document holds more than {_VALUES:,} values"
            raise ContentError(what, where=Where(source.path), todo="give a smaller one")  # a line would take for ever
        level = [child for value in level for child in children(value)]


def _structure(view: View) -> Iterator[Fault]:
    for error in _META[view.version].iter_errors(view.value):
        for deep in _causes(error):
            pointer, message = join(*deep.instance_path), _short(deep.message)
            if not _LINK_PARAMETER.search(pointer):
                yield Fault(pointer, message, "see the OpenAPI specification", deep.kind.name)
    yield from _schemas(view)
    yield from _operations(view)


def _causes(error: jsonschema_rs.ValidationError) -> Iterator[jsonschema_rs.ValidationError]:
    """Yield the errors behind one that no branch fits, where one branch alone can be meant: not the reference."""
    branches = getattr(error.kind, "context", None) or []
    meant = [branch for branch in branches if not any(_asks_for_reference(each) for each in branch)]
    if len(meant) == 1:
        for each in meant[0]:
            yield from _causes(each)
    else:
        yield error


def _asks_for_reference(error: jsonschema_rs.ValidationError) -> bool:
    return getattr(error.kind, "property", None) == "$ref"


def _operations(view: View) -> Iterator[Fault]:
    """Yield what is said of operations as wholes."""
    document = skeleton(view)
    validator = (_V30 if view.version == "3.0" else _V31)(document)
    try:
        for error in validator.root_validator(SchemaPath.from_dict(document, handlers={})):
            yield Fault(_pointer(view, error.message), _short(error.message), "correct it", error.message)
    except Exception as error:  # noqa: BLE001 (whatever breaks the validator is told, not passed over)
        yield Fault("", f"openapi-spec-validator cannot read it: {told(error)}", "correct the structure", "unread")


def _pointer(view: View, message: str) -> str:
    match = _IN_OPERATION.search(message)
    pointer = join("paths", match["path"], match["method"]) if match else ""
    return pointer if view.node(pointer) is not None else ""


def _schemas(view: View) -> Iterator[Fault]:
    """Yield what JSON Schema says of each outermost schema; OpenAPI 3.0 has its own, in its own schema."""
    for node in view.of(Kind.SCHEMA):
        if view.version == "3.0" or (node.parent is not None and node.parent.kind is Kind.SCHEMA):
            continue
        if node.value.get("$schema", _DIALECT) not in (_DIALECT, *_DIALECTS):
            continue
        for error in META.iter_errors(node.value):
            pointer = node.pointer + join(*error.instance_path)
            yield Fault(
                pointer, f"not a schema: {_short(error.message)}", "see JSON Schema 2020-12", error.message[:80]
            )


_DIALECT = "https://spec.openapis.org/oas/3.1/dialect/base"
_DIALECTS = ("https://json-schema.org/draft/2020-12/schema",)


def _short(message: str) -> str:
    message = message.partition("\n\n")[0]
    return message if len(message) <= 200 else f"{message[:80]}…{message[-100:]}"


def check_size(size: int, where: str) -> None:
    """Raise ContentError where a file is too large to be read."""
    if size > LIMIT:
        what = f"the file is larger than {LIMIT // 2**20} MiB"
        raise ContentError(what, where=where, todo="split it, or leave out what need not be checked")


CHECKS = (Check("structure", LintLevel.ERROR, "The structure is wrong, as openapi-spec-validator has it.", _structure),)
