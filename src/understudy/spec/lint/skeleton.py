"""What is left of a document for questions on operations as wholes, so that a fault elsewhere hides no answer."""

import re
from collections.abc import Iterator, Mapping

from understudy.spec.lint.nodes import Kind, Node
from understudy.spec.lint.view import View
from understudy.values import METHODS, Json

_TEMPLATE = re.compile(r"\{([^{}]+)\}")


def skeleton(view: View) -> dict[str, Json]:
    """Return a document of well-formed tags, paths, operations and parameters alone, without any reference."""
    paths = {
        node.name: _path_item(view, node.name, item)
        for node in view.of(Kind.PATH_ITEM)
        if node.slot == "paths" and (item := view.follow(node)) is not None
    }
    return {"openapi": view.value["openapi"], "tags": list(_tags(view.value.get("tags"))), "paths": paths}


def _tags(tags: Json) -> Iterator[Json]:
    for tag in tags if isinstance(tags, list) else ():
        if isinstance(tag, Mapping) and isinstance(tag.get("name"), str):
            yield {"name": tag["name"]}


def _path_item(view: View, path: str, item: Node) -> dict[str, Json]:
    shared, all_shared = _parameters(view, item)
    found: dict[str, Json] = {"parameters": shared}
    for method in METHODS:
        operation = view.node(f"{item.pointer}/{method}")
        if operation is not None:
            own, all_own = _parameters(view, operation)
            if not (all_shared and all_own):  # any of the path's may be among those that cannot be read
                known = {each["name"] for each in (*shared, *own) if each["in"] == "path"}
                own += [{"name": name, "in": "path"} for name in set(_TEMPLATE.findall(path)) - known]
            found[method] = {**_name(operation), "parameters": own, "responses": {}}
    return found


def _name(operation: Node) -> dict[str, Json]:
    name = operation.value.get("operationId")
    return {"operationId": name} if isinstance(name, str) else {}


def _parameters(view: View, holder: Node) -> tuple[list[dict[str, str]], bool]:
    """Return name and place of the parameters that can be read, and whether those are all."""
    members = holder.value.get("parameters", [])
    found = []
    for _, node in view.children(holder, "parameters"):
        name, place = node.value.get("name"), node.value.get("in")
        if isinstance(name, str) and isinstance(place, str):
            found.append({"name": name, "in": place})
    return found, isinstance(members, list) and len(found) == len(members)
