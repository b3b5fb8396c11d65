"""Checks of what operations answer: bodies that cannot be, bodies and schemas that are missing, refusals left out."""

from collections.abc import Iterator, Mapping

from understudy.spec.lint.finding import Check, Fault, LintLevel
from understudy.spec.lint.nodes import Kind, Node
from understudy.spec.lint.view import Operation, View
from understudy.spec.wire import is_json
from understudy.values import join

_BODILESS = frozenset({"204", "205", "304", "1XX", *map(str, range(100, 200))})
_OF_HTTP = {"404": False, "405": False, "413": True, "415": True}
"""Refusals that HTTP itself knows (RFC 9110, section 15.5), each with whether it takes a request body to meet it."""
_ENOUGH = 3
"""Refusals of its own that an operation lists before its list is taken for a whole one."""


def _answers(view: View) -> Iterator[tuple[Operation, str, Node]]:
    for operation in view.operations:
        for status, response in view.responses(operation).items():
            yield operation, status, response


def _at(operation: Operation, status: str) -> str:
    return operation.node.pointer + join("responses", status)


def _body_where_none_can_be(view: View) -> Iterator[Fault]:
    for operation, status, response in _answers(view):
        if status in _BODILESS and response.value.get("content"):
            what = f"{operation.title} declares a body for {status}, which has none (RFC 9110)"
            here = response.pointer == _at(operation, status)
            pointer = response.pointer + "/content" if here else _at(operation, status)
            yield Fault(pointer, what, "remove the content, or correct the status")


def _error_body_missing(view: View) -> Iterator[Fault]:
    """Yield errors that tell their client nothing but the status; one with headers of its own tells something."""
    seen: set[str] = set()
    for operation, status, response in _answers(view):
        if operation.method == "HEAD" or status[:1] not in ("4", "5") or response.pointer in seen:
            continue
        seen.add(response.pointer)
        if not response.value.get("content") and not response.value.get("headers"):
            what = f"{operation.title} says nothing of the answer {status} but that it exists: neither body nor header"
            yield Fault(response.pointer, what, "declare its content")


def _refusals_left_out(view: View) -> Iterator[Fault]:
    for operation in view.operations:
        listed = view.responses(operation).keys()
        if not operation.path or "default" in listed or "4XX" in listed or "500" not in listed:
            continue
        possible = [status for status, body in _OF_HTTP.items() if not body or "requestBody" in operation.value]
        own = [status for status in listed if status.startswith("4")]
        if len(own) >= _ENOUGH and not listed & set(possible):
            names = ", ".join(possible)
            what = (
                f"{operation.title} lists its errors one by one, and none of {names}, which any HTTP server may answer"
            )
            yield Fault(operation.node.pointer + "/responses", what, "declare them, or `4XX` or `default`", names)


def _without_schema(view: View) -> Iterator[Fault]:
    for node in (*view.declared(Kind.PARAMETER), *view.declared(Kind.HEADER)):
        if "schema" not in node.value and "content" not in node.value:
            name = node.value.get("name", node.name)
            what = f"the {'parameter' if node.kind is Kind.PARAMETER else 'header'} {name!r} has no schema"
            yield Fault(node.pointer, what, "add a `schema`")
    for node in view.of(Kind.MEDIA_TYPE):
        media_type = node.name.partition(";")[0].strip().lower()
        if "schema" not in node.value and node.reference is None and is_json(media_type):
            yield Fault(node.pointer, f"the {node.name} body has no schema", "add a `schema`")


def _unauthorized_without_security(view: View) -> Iterator[Fault]:
    if any(any(needs) for holder in _holders(view) if isinstance(needs := holder.get("security"), list)):
        return  # credentials are asked for somewhere: an operation without, such as a login, may answer 401
    for operation in view.operations:
        if operation.path and "401" in view.responses(operation):
            what = f"{operation.title} declares 401, and the document asks for credentials nowhere"
            yield Fault(_at(operation, "401"), what, "declare a security scheme and require it by `security`")


def _holders(view: View) -> Iterator[Mapping[str, object]]:
    yield view.value
    for operation in view.operations:
        yield operation.value


CHECKS = (
    Check(
        "body-on-bodiless-status", LintLevel.ERROR, "A status that has no body declares one.", _body_where_none_can_be
    ),
    Check("error-body-missing", LintLevel.WARNING, "An error declares neither body nor headers.", _error_body_missing),
    Check(
        "refusals-left-out",
        LintLevel.NOTE,
        "A whole list of errors leaves out those of HTTP itself.",
        _refusals_left_out,
    ),
    Check(
        "no-schema",
        LintLevel.WARNING,
        "A parameter, header or JSON body is declared without a schema.",
        _without_schema,
    ),
    Check(
        "unauthorized-without-security",
        LintLevel.WARNING,
        "401 is declared, and credentials are asked for nowhere.",
        _unauthorized_without_security,
    ),
)
