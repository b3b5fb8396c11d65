"""Problem details (RFC 9457): the body of a refusal where the vendor has none of its own."""

from http import HTTPStatus

from understudy.model.behaviour import Refusal
from understudy.values import Json

MEDIA_TYPE = "application/problem+json"


def problem(refusal: Refusal) -> dict[str, Json]:
    """Return the problem object: title of the status, the reason, the rules broken, and where if that is known."""
    details: dict[str, Json] = {
        "type": "about:blank",
        "title": HTTPStatus(refusal.status).phrase,
        "status": refusal.status,
        "detail": refusal.detail,
        "rules": list(refusal.rules),
    }
    if refusal.where:
        details["where"] = refusal.where
    return details


def shortened(text: str, most: int = 300) -> str:
    """Return the text, without its middle where it is long: a message may quote a whole body."""
    return text if len(text) <= most else f"{text[: most // 2]} ... {text[-most // 2 :]}"
