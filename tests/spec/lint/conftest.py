"""Documents for checks: a small one of each version, and what lint finds in a changed copy of it."""

import copy
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from understudy.spec.lint import LintFinding, lint
from understudy.spec.source import parse
from understudy.values import Json

Found = Callable[..., list[tuple[str, str]]]


def document(version: str = "3.1.0", **parts: Json) -> Json:
    """Return a correct document of one operation, `POST /things/{id}`, with parts of it replaced."""
    operation = {
        "operationId": "put",
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
        "responses": {"200": {"description": "Done."}},
        **parts.pop("operation", {}),
    }
    schemas = {"Thing": {"type": "object", "properties": {"name": {"type": "string"}, "size": {"type": "integer"}}}}
    components = {"schemas": {**schemas, **parts.pop("schemas", {})}, **parts.pop("components", {})}
    whole = {
        "openapi": version,
        "info": {"title": "Toy", "version": "1"},
        "paths": {"/things/{id}": {"post": operation}},
    }
    return copy.deepcopy({**whole, "components": components, **parts})


def findings(value: Json) -> list[LintFinding]:
    """Return what lint finds in a document."""
    return lint(parse(Path("toy.json"), json.dumps(value, indent=1).encode()))


@pytest.fixture
def found() -> Found:
    """Return pairs of check and pointer, the pointer without that of the operation or of the schemas."""

    def look(version: str = "3.1.0", **parts: Json) -> list[tuple[str, str]]:
        shorter = (("/paths/~1things~1{id}/post", "op"), ("/components/schemas", "schemas"))
        pairs = []
        for finding in findings(document(version, **parts)):
            pointer = finding.pointer
            for long, short in shorter:
                pointer = pointer.replace(long, short)
            pairs.append((finding.check, pointer))
        return pairs

    return look
