"""The full caller's bearer token: given, or got from the target's token endpoint and renewed when it expires."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from understudy.contract.exchange import Request, Response
from understudy.contract.forms import multipart, urlencoded
from understudy.contract.target import Credentials
from understudy.errors import TargetError
from understudy.spec.document import Document
from understudy.values import Json

MARGIN = 30.0
"""Seconds before its end that a token is renewed, but never more than a tenth of its life."""
GRANT = {"grant_type": "client_credentials"}

Send = Callable[[Request], Response]
"""Sends a request; raises TargetError where no answer comes."""


class Tokens:
    """The tokens of the full caller, the last one first; a given token is never renewed."""

    def __init__(self, credentials: Credentials, document: Document, base_url: str) -> None:
        self._credentials = credentials
        self._document = document
        self._base_url = base_url
        self._known: list[str] = [credentials.token] if credentials.token else []
        self._ends = float("inf")
        self._accepted = False

    @property
    def known(self) -> tuple[str, ...]:
        """All tokens that were the full caller's, the one that is first."""
        return tuple(reversed(self._known))

    def current(self, send: Send) -> str | None:
        """Return a token that has not expired, got first where only a client is known; None where there is none."""
        if self._renewable and (not self._known or time.monotonic() >= self._ends):
            self._grant(send)
        return self._known[-1] if self._known else None

    def accepted(self) -> None:
        """Hear that the target has taken the token that is in use."""
        self._accepted = True

    def refused(self, send: Send) -> bool:
        """Hear that the target has answered 401 to the token in use; return whether there is another one now.

        There is if it was taken before, and so has expired. One that never was taken is not worth another try.
        """
        if not self._renewable or not self._accepted:
            return False
        self._grant(send)
        return True

    def renewed(self, request: Request) -> Request:
        """Return the request with the token that is in use in the place of an earlier one."""
        earlier, url, headers = self._known[:-1], request.url, request.headers
        for token in earlier:
            url = url.replace(token, self._known[-1])
            headers = tuple((name, value.replace(token, self._known[-1])) for name, value in headers)
        return replace(request, url=url, headers=headers) if earlier else request

    @property
    def _renewable(self) -> bool:
        return self._credentials.token is None and bool(self._credentials.client_id)

    def _grant(self, send: Send) -> None:
        url, answers = self._url(), []
        form = {
            **GRANT,
            "client_id": self._credentials.client_id or "",
            "client_secret": self._credentials.client_secret or "",
        }
        for made in (urlencoded, multipart):
            response = send(asking(url, made(form)))
            if response.status == 200:
                self._take(url, response.body)
                return
            answers.append(str(response.status))
        raise TargetError(
            f"no token from {url}: it answers {', '.join(answers)}", todo="check --client-id and --client-secret"
        )

    def _take(self, url: str, body: bytes) -> None:
        try:
            answer: Json = json.loads(body)
            token, seconds = answer["access_token"], answer.get("expires_in")
        except (ValueError, RecursionError, TypeError, KeyError, AttributeError) as error:
            raise TargetError(
                f"no token from {url}: 200 without one", todo="check --base-url, or give --token"
            ) from error
        if not isinstance(token, str) or not token:
            raise TargetError(f"no token from {url}: 200 without one", todo="check --base-url, or give --token")
        lasts = float(seconds) if isinstance(seconds, int | float) and seconds > 0 else float("inf")
        self._ends = time.monotonic() + lasts - min(MARGIN, lasts / 10 if lasts < float("inf") else 0)
        self._accepted = False
        self._known.append(token)

    def _url(self) -> str:
        path = token_path(self._document)
        if path is None:
            raise TargetError("the document has no client credentials flow", todo="give --token instead of --client-id")
        return self._base_url + path


def token_path(document: Document) -> str | None:
    """Return the path of the endpoint that grants tokens to clients; None where the document has no such flow."""
    schemes = document.value.get("components", {}).get("securitySchemes", {}).values()
    for scheme in schemes:
        flow = scheme.get("flows", {}).get("clientCredentials")
        if flow:
            token_url: str = flow["tokenUrl"].replace("{", "").replace("}", "")
            return urlsplit(token_url).path
    return None


def asking(url: str, form: tuple[bytes, str]) -> Request:
    """Return a request for a token by a form."""
    body, media_type = form
    return Request("POST", url, (("Content-Type", media_type),), body)
