"""The seam to Connexion: OpenAPI 3.1 documents, and a middleware stack that is data and built at start.

Connexion refuses `openapi: 3.1.0`, resolves references without end in recursive schemas and loses what stands beside
a `$ref`. It needs paths, operationIds and security alone, so that is all it is given; schemas are the pack's. What is
used of it is undocumented: tests/mock/test_adapter.py fails clearly if it changes.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connexion.middleware import ConnexionMiddleware
from connexion.middleware.abstract import (
    ROUTING_CONTEXT,
    AbstractRoutingAPI,
    RoutedAPI,
    RoutedMiddleware,
    SpecMiddleware,
)
from connexion.middleware.main import API
from connexion.middleware.security import SecurityAPI, SecurityMiddleware, SecurityOperation
from connexion.operations import AbstractOperation, OpenAPIOperation
from connexion.resolver import Resolution, Resolver
from connexion.spec import OpenAPISpecification
from starlette.types import ASGIApp, Receive, Scope, Send

from understudy.mock.visit import KEY, NoRouteError, Visit
from understudy.spec.document import Document
from understudy.spec.paths import Paths
from understudy.values import Json, dereference, join

BASE_PATH = ""


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
        return Resolution(lambda: None, operation.operation_id)


def linked(next_app: ASGIApp, operation_id: str) -> ASGIApp:
    """Return what a routed middleware would look up by the operation's id on each request.

    Connexion registers the operations of the last middleware first, so what comes next is always there.
    """
    apis = next_app.apis[BASE_PATH] if isinstance(next_app, RoutedMiddleware) else []
    return next((api.operations[operation_id] for api in apis), next_app)


class _RoutingAPI(AbstractRoutingAPI[ASGIApp]):
    def __init__(
        self,
        specification: OpenAPISpecification,
        *,
        next_app: ASGIApp,
        routes: dict[tuple[str, str], ASGIApp],
        **options: Any,
    ) -> None:
        self._next = next_app
        self._routes = routes
        super().__init__(specification, **options)

    def make_operation(self, operation: AbstractOperation) -> ASGIApp:
        next_app = linked(self._next, operation.operation_id)
        extensions = {ROUTING_CONTEXT: {"api_base_path": self.base_path, "operation_id": operation.operation_id}}

        async def routed(scope: Scope, receive: Receive, send: Send) -> None:
            scope["extensions"] = extensions
            await next_app(scope, receive, send)

        return routed

    @staticmethod
    def _framework_path_and_name(operation: AbstractOperation, path: str) -> tuple[str, str]:
        return path, path

    def _add_operation_internal(self, method: str, path: str, operation: ASGIApp, name: str | None = None) -> None:
        self._routes[method.upper(), path] = operation
        if method == "get":
            self._routes.setdefault(("HEAD", path), operation)  # RFC 9110, section 9.3.2


class RoutingMiddleware(SpecMiddleware):
    """Finds the operation by the path as it was sent; raises NoRouteError where there is none.

    Connexion's own, made on Starlette's router, redirects `/path/` to `/path`, takes the first path that matches, not
    the literal one, splits a value at `%2F`, loses parameters with a hyphen and answers 404 to a number that is none.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._routes: dict[tuple[str, str], ASGIApp] = {}
        self._paths = Paths(())

    def add_api(self, specification: OpenAPISpecification, **options: Any) -> None:
        """Take in the operations of a document, as Connexion asks for it at start."""
        _RoutingAPI(specification, next_app=self.app, routes=self._routes, **options)
        self._paths = Paths(path for _, path in self._routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on to its operation."""
        visit: Visit = scope[KEY]
        operation = self._routes.get((scope["method"], visit.target))
        if operation is None or "{" in visit.target:
            operation = self._search(scope["method"], visit)
        await operation(scope, receive, send)

    def _search(self, method: str, visit: Visit) -> ASGIApp:
        found = self._paths.match(visit.target)
        if found is None:
            raise NoRouteError()
        path, visit.path = found
        operation = self._routes.get((method, path))
        if operation is None:
            raise NoRouteError(path, tuple(offered for offered, template in self._routes if template == path))
        return operation


class _Caller:
    """What Connexion's security functions look at: the scope, and a context that they note the caller in."""

    __slots__ = ("context", "scope")

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.context: dict[str, Json] = {}


class _SecurityOperation(SecurityOperation):
    """Connexion's, but for the request object, which costs more to make than the whole check."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.security:
            await self.verification_fn(_Caller(scope))
        await self.next_app(scope, receive, send)


class _SecurityAPI(SecurityAPI):
    def make_operation(self, operation: AbstractOperation) -> SecurityOperation:
        return _SecurityOperation.from_operation(
            operation,
            next_app=linked(self.next_app, operation.operation_id),
            security_handler_factory=self.security_handler_factory,
        )


class LeanSecurityMiddleware(SecurityMiddleware):
    """Connexion's security: alternatives, conjunctions, scopes and the choice among refusals are all its own."""

    api_cls = _SecurityAPI


def stage(make: Callable[[ASGIApp, str], ASGIApp]) -> type[RoutedMiddleware[Any]]:
    """Return a Connexion middleware that calls what `make(next_app, operation_id)` returned at start."""

    class StageAPI(RoutedAPI[ASGIApp]):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self.add_paths()

        def make_operation(self, operation: AbstractOperation) -> ASGIApp:
            return make(linked(self.next_app, operation.operation_id), operation.operation_id)

    class Stage(RoutedMiddleware[StageAPI]):
        api_cls = StageAPI

    return Stage


def skeleton(document: Document) -> dict[str, Json]:
    """Return what Connexion needs of a document: paths, operationIds and security, without references."""
    paths: dict[str, dict[str, Json]] = {}
    for operation in document.operations.values():
        paths.setdefault(operation.path, {})[operation.method.lower()] = {
            "operationId": operation.operation_id,
            "responses": {},
            "security": sorted(operation.security, key=lambda need: not need),  # the first one fulfilled is who calls
        }
    declared = document.value.get("components", {}).get("securitySchemes", {})
    schemes = {name: dereference(document.value, join("components", "securitySchemes", name))[1] for name in declared}
    return {
        "openapi": document.value["openapi"],
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"securitySchemes": schemes},
    }


def assemble(
    document: Document, middlewares: Sequence[type], terminal: ASGIApp, security_map: Mapping[str, Any]
) -> ASGIApp:
    """Return Connexion's stack for the document: the middlewares in their order, then the terminal application."""
    app = ConnexionMiddleware(terminal, middlewares=list(middlewares))
    options = app.options.replace(resolver=ModelResolver(), security_map=dict(security_map))
    app.apis.append(API(Specification31(skeleton(document)), base_path=BASE_PATH, name=None, **options.__dict__))
    stack: ASGIApp = app._build_middleware_stack()[0]  # else it is built, and its errors met, on the first request
    return stack
