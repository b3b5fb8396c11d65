"""openapi-core's word on a response: independent of our own validation, and too slow to be the first opinion."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from jsonschema_path import SchemaPath
from openapi_core import V30ResponseValidator, V31ResponseValidator
from openapi_core.datatypes import RequestParameters
from openapi_core.templating.paths.exceptions import PathError

from understudy.contract.exchange import Exchange
from understudy.spec.document import Document


@dataclass(slots=True)
class _Request:
    """A request as openapi-core's protocol has it; it writes the path parameters that it finds into `parameters`."""

    host_url: str
    path: str
    method: str
    content_type: str
    body: bytes | None
    parameters: RequestParameters

    @property
    def full_url_pattern(self) -> str:
        return self.host_url + self.path


@dataclass(frozen=True, slots=True)
class _Response:
    status_code: int
    content_type: str
    headers: Mapping[str, str]
    data: bytes


class SecondOpinion:
    """Validates responses with openapi-core, the document's servers put aside so that any host will do."""

    def __init__(self, document: Document) -> None:
        spec = SchemaPath.from_dict({**document.value, "servers": [{"url": "/"}]})
        three_one = str(document.value.get("openapi", "")).startswith("3.1")
        self._validator = (V31ResponseValidator if three_one else V30ResponseValidator)(spec)

    def objection(self, exchange: Exchange) -> str | None:
        """Return what openapi-core has against the response, or None; a path that it cannot find is no objection."""
        url = urlsplit(exchange.request.url)
        request = _Request(
            f"{url.scheme}://{url.netloc}",
            url.path,
            exchange.request.method.lower(),
            (exchange.request.header("content-type") or "").lower(),
            exchange.request.body,
            RequestParameters(),
        )
        response = _Response(
            exchange.response.status,
            (exchange.response.header("content-type") or "").lower(),
            dict(exchange.response.headers),
            exchange.response.body,
        )
        try:
            error = next(iter(self._validator.iter_errors(request, response)), None)
        except (PathError, RecursionError):
            return None
        if error is None or isinstance(error, PathError):
            return None
        cause = error.__cause__
        return f"{type(error).__name__}: {str(cause or error).splitlines()[0][:300]}"
