"""A small sync job: people of a directory are pushed to OneTrust, ConsentGrid and Gainsight PX."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote

import httpx

ATTEMPTS = 4
TOO_MANY, UNAUTHORIZED, NOT_FOUND, SERVER_ERROR = 429, 401, 404, 500


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to be pushed."""

    email: str
    first_name: str
    country: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Base URLs and credentials of the three vendors."""

    onetrust: str
    consentgrid: str
    gainsight_px: str
    client_id: str
    client_secret: str
    consentgrid_key: str
    gainsight_px_key: str


class NotPushedError(Exception):
    """A vendor did not take a person."""


class PeopleSync:
    """Pushes people; waits where a vendor has had enough, and gets a new token where the old one has expired."""

    def __init__(self, settings: Settings, wait: Callable[[float], object] = time.sleep) -> None:
        self._settings = settings
        self._wait = wait
        self._token = ""
        self._http = httpx.Client(timeout=5.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._http.close()

    def push(self, person: Person) -> None:
        """Push a person to all vendors; raises NotPushedError for the first that does not take them."""
        self.to_onetrust(person)
        self.to_consentgrid(person)
        self.to_gainsight_px(person)

    def to_onetrust(self, person: Person) -> None:
        """Create or update the data subject."""
        url = f"{self._settings.onetrust}/api/consentmanager/v1/datasubjects/dataelements"
        elements = [{"name": "First Name", "value": person.first_name}, {"name": "Country", "value": person.country}]
        if not self._token:
            self._token = self._new_token()
        for _ in range(2):
            headers = {"Authorization": f"Bearer {self._token}", "dataSubjectIdentifier": person.email}
            answer = self._sent("POST", url, headers, {"dataElements": elements})
            if answer.status_code != UNAUTHORIZED:
                break
            self._token = self._new_token()
        self._check("OneTrust", answer)

    def to_consentgrid(self, person: Person) -> None:
        """Create the subject, or merge the fields into it."""
        url = f"{self._settings.consentgrid}/v1/subjects/user/{quote(person.email)}?saveOption=merge"
        body = {"data": {"name": person.first_name, "country": person.country}}
        self._check("ConsentGrid", self._sent("POST", url, {"X-Consent-Key": self._settings.consentgrid_key}, body))

    def to_gainsight_px(self, person: Person) -> None:
        """Update the user; create one who is not there."""
        users = f"{self._settings.gainsight_px}/v1/users"
        headers = {"X-APTRINSIC-API-KEY": self._settings.gainsight_px_key}
        body = {"identifyId": person.email, "propertyKeys": ["AP-UNDERSTUDY-2"], "firstName": person.first_name}
        answer = self._sent("PUT", f"{users}/{quote(person.email)}", headers, body)
        if answer.status_code == NOT_FOUND:
            answer = self._sent("POST", users, headers, body)
        self._check("Gainsight PX", answer)

    def _new_token(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._settings.client_id,
            "client_secret": self._settings.client_secret,
        }
        answer = self._http.post(f"{self._settings.onetrust}/api/access/v1/oauth/token", data=form)
        self._check("OneTrust", answer)
        return str(answer.json()["access_token"])

    def _sent(self, method: str, url: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> httpx.Response:
        """Send a call, again where the vendor is busy or the connection breaks; a write can be repeated here."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = self._http.request(method, url, headers=headers, json=body)
            except httpx.TransportError as error:
                if attempt == ATTEMPTS:
                    raise NotPushedError(f"{url}: {error}") from error
                self._wait(2.0**attempt)
                continue
            if answer.status_code != TOO_MANY and answer.status_code < SERVER_ERROR:
                break
            self._wait(float(answer.headers.get("Retry-After", 2**attempt)))
        return answer

    @staticmethod
    def _check(vendor: str, answer: httpx.Response) -> None:
        if not answer.is_success:
            raise NotPushedError(f"{vendor} answers {answer.status_code}: {answer.text[:200]}")
