"""Checks of what leads somewhere: `$ref`, links, runtime expressions, security requirements, parameters of paths."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from urllib.parse import unquote

from understudy.spec.lint.finding import Check, Fault, LintLevel
from understudy.spec.lint.nodes import Kind, Node
from understudy.spec.lint.schemas import family, types
from understudy.spec.lint.view import Operation, View
from understudy.values import Json, join, split

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_TEMPLATE = re.compile(r"\{([^{}]+)\}")
_EXPRESSION = re.compile(r"\$(request|response)\.(header|query|path|body)(?:\.([^#{}\s]+)|#(/[^{}\s]*))?")
_IGNORED = frozenset({"accept", "content-type", "authorization"})
_SLIP = 0.8
"""How alike two names of headers are, by difflib's measure, of which one is a slip of the other."""


def _references(view: View) -> Iterator[tuple[str, str, bool]]:
    """Yield those references that lead to nothing in here: pointer, text, whether they lead out of the document."""
    for node in view.nodes:
        if node.reference is not None and view.target(node) is None:
            yield node.pointer + "/$ref", node.reference, view.leads_out(node)
    for node in view.of(Kind.SCHEMA):
        discriminator = node.value.get("discriminator")
        mapping = discriminator.get("mapping") if isinstance(discriminator, Mapping) else None
        for name, value in mapping.items() if isinstance(mapping, Mapping) else ():
            if isinstance(value, str):
                reference = f"#/components/schemas{join(value)}" if _NAME.fullmatch(value) else value
                if view.resolve(reference) is None and (reference == value or "." not in value):
                    yield node.pointer + join("discriminator", "mapping", name), reference, view.remote(reference)


def _nowhere(view: View) -> Iterator[Fault]:
    for pointer, reference, out in _references(view):
        if not out:
            yield Fault(pointer, f"the reference {reference!r} leads nowhere", "correct it, or add what it names")


def _out(view: View) -> Iterator[Fault]:
    for pointer, reference, out in _references(view):
        if out:
            what = f"{reference!r} leads out of the document and is not fetched, so nothing behind it was checked"
            yield Fault(pointer, what, "bundle the document into one file first")


def _circles(view: View) -> Iterator[Fault]:
    for node in view.validation.circles.values():
        what = f"the reference {node.reference!r} closes a circle: the schema is a part of itself, and applies forever"
        yield Fault(node.pointer + "/$ref", what, "refer from a property or from `items` instead")
    for node in view.nodes:
        if node.kind is not Kind.SCHEMA and node.reference is not None and _in_circle(view, node):
            yield Fault(node.pointer + "/$ref", f"the reference {node.reference!r} closes a circle", "correct it")


def _in_circle(view: View, node: Node) -> bool:
    seen: set[str] = set()
    current: Node | None = node
    while current is not None and current.reference is not None and current.pointer not in seen:
        seen.add(current.pointer)
        target = view.target(current)
        current = view.node(target) if target is not None else None
    return current is not None and current.pointer == node.pointer and current.reference is not None


def _links(view: View) -> Iterator[Fault]:
    ids = {
        name: operation for operation in view.operations if isinstance(name := operation.value.get("operationId"), str)
    }
    for node in view.declared(Kind.LINK):
        target: Operation | None = None
        operation_id, reference = node.value.get("operationId"), node.value.get("operationRef")
        if isinstance(operation_id, str):
            target = ids.get(operation_id)
            if target is None:
                yield Fault(
                    node.pointer + "/operationId", f"the link names no operation: {operation_id!r}", "correct it"
                )
        elif isinstance(reference, str) and not view.remote(reference):
            pointer = view.resolve(reference) or unquote(reference.removeprefix("#"))
            target = next((each for each in view.operations if pointer in (each.node.pointer, each.address)), None)
            if target is None:
                yield Fault(
                    node.pointer + "/operationRef", f"the link leads to no operation: {reference!r}", "correct it"
                )
        if target is not None:
            yield from _link_parameters(view, node, target)


def _link_parameters(view: View, node: Node, target: Operation) -> Iterator[Fault]:
    declared = {(str(each.value.get("in")), str(each.value.get("name"))) for each in view.parameters(target)}
    if any(each.value.get("in") == "querystring" for each in view.parameters(target)):
        return
    names = node.value.get("parameters")
    for name in names if isinstance(names, Mapping) else ():
        location, _, rest = name.partition(".")
        known = (location, rest) in declared or any(name == each for _, each in declared)
        if not known:
            what = f"the link gives the parameter {name!r}, which {target.title} has not"
            yield Fault(node.pointer + join("parameters", name), what, "correct the name")


def _expressions(view: View) -> Iterator[Fault]:
    for pointer, value, operation, response in _runtime(view):
        for match in _EXPRESSION.finditer(value):
            what = _unmet(view, match, operation, response)
            if what:
                yield Fault(
                    pointer, f"the expression {match.group()} leads nowhere: {what}", "correct it", match.group()
                )


def _runtime(view: View) -> Iterator[tuple[str, str, Operation, Node | None]]:
    """Yield the runtime expressions of links and callbacks with the operation, and the response, that they speak of."""
    for operation in view.operations:
        for response in view.responses(operation).values():
            for _, link in view.children(response, "links"):
                named = link.value.get("parameters")
                values = {join("requestBody"): link.value.get("requestBody")}
                for name, value in named.items() if isinstance(named, Mapping) else ():
                    values[join("parameters", name)] = value
                for field, value in values.items():
                    if isinstance(value, str):
                        yield link.pointer + field, value, operation, response
        for _, callback in view.children(operation.node, "callbacks"):
            for expression in callback.value:
                if not expression.startswith("x-"):
                    yield callback.pointer + join(expression), expression, operation, None


def _unmet(view: View, match: re.Match[str], operation: Operation, response: Node | None) -> str:
    side, source, name, fragment = match.groups()
    if source in ("query", "path") and side == "request" and name:
        found = any(
            (each.value.get("in"), each.value.get("name")) == (source, name) for each in view.parameters(operation)
        )
        return "" if found else f"{operation.title} has no {source} parameter {name!r}"
    if source == "header" and name:
        return "" if _has_header(view, side, name, operation, response) else f"no header {name!r} is described there"
    if source == "body" and fragment:
        holder = view.child(operation.node, "requestBody") if side == "request" else response
        if side == "request" and "requestBody" not in operation.value:
            return f"{operation.title} takes no body"
        return _missing(view, holder, fragment) if holder is not None else ""
    return ""


def _has_header(view: View, side: str, name: str, operation: Operation, response: Node | None) -> bool:
    """Whether the header is described, or none is that its name can be a slip of: most need no description."""
    if side == "response" and response is None:
        return True
    if side == "request":
        described = {
            str(each.value.get("name")).lower()
            for each in view.parameters(operation)
            if each.value.get("in") == "header"
        }
    else:
        assert response is not None
        described = {key.lower() for key, _ in view.children(response, "headers")}
    return name.lower() in described or not get_close_matches(name.lower(), described, cutoff=_SLIP)


def _missing(view: View, holder: Node, fragment: str) -> str:
    """Return what is missing where no schema of the body can have a value at the pointer; '' where one may."""
    whats = []
    for _, media in view.children(holder, "content"):
        schema = view.node(media.pointer + "/schema")
        whats.append(_lost(view, schema, split(fragment)) if schema is not None else "")
    return whats[0] if whats and all(whats) else ""


def _lost(view: View, schema: Node, tokens: list[str]) -> str:
    for token in tokens:
        whole = family(view, schema)
        names = whole.properties()
        if not whole.closed or not names or whole.admits(token) or types(view, schema) != frozenset({"object"}):
            return ""
        holder = next(iter(whole.schemas_of(token)), None)
        if holder is None:
            return f"the body has no property {token!r}"
        following = view.node(holder.pointer + join("properties", token))
        if following is None:
            return ""
        schema = following
    return ""


def _requirements(view: View) -> Iterator[tuple[str, str, Json]]:
    for holder, pointer in ((view.value, ""), *((each.value, each.node.pointer) for each in view.operations)):
        security = holder.get("security")
        for index, requirement in enumerate(security if isinstance(security, list) else ()):
            for name, scopes in requirement.items() if isinstance(requirement, Mapping) else ():
                yield f"{pointer}/security/{index}{join(name)}", name, scopes


def _schemes(view: View) -> Mapping[str, Node | None]:
    found = {each.name: view.follow(each) for each in view.of(Kind.SECURITY_SCHEME)}
    return {name: found[name] for name in found}


def _security(view: View) -> Iterator[Fault]:
    schemes = _schemes(view)
    for pointer, name, _ in _requirements(view):
        if name not in schemes:
            yield Fault(pointer, f"no security scheme is called {name!r}", "declare it in components/securitySchemes")


def _scopes(view: View) -> Iterator[Fault]:
    schemes = _schemes(view)
    for pointer, name, scopes in _requirements(view):
        scheme = schemes.get(name)
        if scheme is None or not isinstance(scopes, list):
            continue
        kind = scheme.value.get("type")
        known = _known_scopes(scheme) if kind == "oauth2" else set()
        for index, scope in enumerate(each for each in scopes if isinstance(each, str)):
            if kind == "oauth2" and scope not in known:
                what = f"the security scheme {name!r} has no scope {scope!r}"
                yield Fault(f"{pointer}/{index}", what, "declare the scope, or correct its name", str(scope))
            elif kind in ("apiKey", "http") and view.version == "3.0":
                what = (
                    f"the scope {scope!r} has no effect: {name!r} is of the type {kind}, which has none in OpenAPI 3.0"
                )
                yield Fault(f"{pointer}/{index}", what, "remove it", str(scope))


def _known_scopes(scheme: Node) -> set[str]:
    flows = scheme.value.get("flows")
    found: set[str] = set()
    for flow in flows.values() if isinstance(flows, Mapping) else ():
        scopes = flow.get("scopes") if isinstance(flow, Mapping) else None
        found |= set(scopes) if isinstance(scopes, Mapping) else set()
    return found


def _ignored(view: View) -> Iterator[Fault]:
    for node in view.declared(Kind.PARAMETER):
        name = node.value.get("name")
        if node.value.get("in") == "header" and isinstance(name, str) and name.lower() in _IGNORED:
            what = f"the header parameter {name} is ignored (OpenAPI describes it elsewhere)"
            yield Fault(node.pointer, what, "use a security scheme or the media types instead, and remove it")


def _servers(view: View) -> Iterator[Fault]:
    for server, pointer in view.servers():
        url, variables = server.get("url"), server.get("variables")
        for name in _TEMPLATE.findall(url) if isinstance(url, str) else ():
            if name not in (variables if isinstance(variables, Mapping) else {}):
                what = f"the server's URL has the variable {name!r}, which is not declared"
                yield Fault(f"{pointer}/url", what, "declare it in `variables`", name)


CHECKS = (
    Check("reference-nowhere", LintLevel.ERROR, "A reference leads nowhere.", _nowhere),
    Check("reference-out", LintLevel.WARNING, "A reference leads out of the document and was not followed.", _out),
    Check("reference-circle", LintLevel.ERROR, "References close a circle that has no end.", _circles),
    Check("link-nowhere", LintLevel.ERROR, "A link names an operation or parameter that is not there.", _links),
    Check("expression-nowhere", LintLevel.ERROR, "A runtime expression names what is not there.", _expressions),
    Check("security-nowhere", LintLevel.ERROR, "A security requirement names no scheme.", _security),
    Check("scope-nowhere", LintLevel.ERROR, "A security requirement names a scope that its scheme has not.", _scopes),
    Check("parameter-ignored", LintLevel.WARNING, "OpenAPI ignores a header parameter.", _ignored),
    Check("server-variable-nowhere", LintLevel.ERROR, "A server's URL has an undeclared variable.", _servers),
)
