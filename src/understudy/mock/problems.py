"""Problem details (RFC 9457): how the body of a refusal is sent where the vendor has none of its own."""

MEDIA_TYPE = "application/problem+json"


def shortened(text: str, most: int = 300) -> str:
    """Return the text, without its middle where it is long: a message may quote a whole body."""
    return text if len(text) <= most else f"{text[: most // 2]} ... {text[-most // 2 :]}"
