"""The seam to Connexion: OpenAPI 3.1 documents, and a middleware stack that is data.

Connexion refuses `openapi: 3.1.0` and validates with OpenAPI 3.0's schema. Its own extension points are enough to do better:
a `Specification` of our own, appended to the middleware's list of APIs. No monkeypatching.
"""

import copy
from collections.abc import Callable, Sequence
from typing import Any

from connexion.middleware import ConnexionMiddleware
from connexion.middleware.abstract import RoutedAPI, RoutedMiddleware
from connexion.middleware.main import API
from connexion.operations import AbstractOperation, OpenAPIOperation
from connexion.resolver import Resolution, Resolver
from connexion.spec import OpenAPISpecification
from starlette.types import ASGIApp

from understudy.spec.document import Document


class Specification31(OpenAPISpecification):
    """An OpenAPI 3.0 or 3.1 document that the pack has validated already."""

    operation_cls = OpenAPIOperation

    @classmethod
    def _validate_spec(cls, spec: dict[str, Any]) -> None:
        """Do nothing: openapi-spec-validator has seen the effective document (`Pack.effective`)."""


class ModelResolver(Resolver):
    """Resolves every operation to itself: the model is called by operationId, not by a Python function's name."""

    def resolve(self, operation: AbstractOperation) -> Resolution:
        """Return the operation's id and a function that is never called."""
        operation_id = operation.operation_id or f"{operation.method.upper()} {operation.path}"
        return Resolution(lambda: None, operation_id)


def stage(make: Callable[[ASGIApp, str], ASGIApp]) -> type[RoutedMiddleware[Any]]:
    """Return a Connexion middleware that calls, per operation, what `make(next_app, operation_id)` returned at start."""

    class StageAPI(RoutedAPI[ASGIApp]):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self.add_paths()

        def make_operation(self, operation: AbstractOperation) -> ASGIApp:
            assert operation.operation_id is not None
            return make(self.next_app, operation.operation_id)

    class Stage(RoutedMiddleware[StageAPI]):
        api_cls = StageAPI

    return Stage


def assemble(
    document: Document, middlewares: Sequence[type], terminal: ASGIApp, security_map: dict[str, Any]
) -> ConnexionMiddleware:
    """Return Connexion's application for the document: the middlewares in their order, then the terminal one."""
    app = ConnexionMiddleware(terminal, middlewares=list(middlewares))
    specification = Specification31({**copy.deepcopy(document.value), "servers": [{"url": "/"}]})
    options = app.options.replace(resolver=ModelResolver(), security_map=security_map)
    app.apis.append(API(specification, base_path="", name=None, **options.__dict__))
    return app
