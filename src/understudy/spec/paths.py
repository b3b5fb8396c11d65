"""Which path template of a document a request's path matches (OpenAPI 3.1.0, section 4.8.8.2). No methods in here."""

import re
from collections.abc import Iterable
from urllib.parse import unquote

_EXPRESSION = re.compile(r"\{([^/{}]+)\}")


class Paths:
    """The path templates of one document; a literal segment wins over a templated one."""

    def __init__(self, templates: Iterable[str]) -> None:
        known = sorted(dict.fromkeys(templates), key=lambda path: ["{" in part for part in path.split("/")])
        self._literal = {path: path for path in known if "{" not in path and "%" not in path}
        self._templates = [_Template(path) for path in known]

    def match(self, path: str) -> tuple[str, dict[str, str]] | None:
        """Return the template of a (still percent-encoded) path and the decoded values of its expressions, or None."""
        if path in self._literal:
            return path, {}
        segments = [unquote(segment) for segment in path.split("/")]
        for template in self._templates:
            values = template.values(segments)
            if values is not None:
                return template.path, values
        return None


class _Template:
    """One path template, a pattern for each of its segments: an encoded slash is part of a value, not a separator."""

    def __init__(self, path: str) -> None:
        self.path = path
        parts = path.split("/")
        self._names = [_EXPRESSION.findall(part) for part in parts]
        self._patterns = [
            re.compile("(.+)".join(re.escape(unquote(text)) for text in _EXPRESSION.split(part)[::2]), re.DOTALL)
            for part in parts
        ]

    def values(self, segments: list[str]) -> dict[str, str] | None:
        if len(segments) != len(self._patterns):
            return None
        values: dict[str, str] = {}
        for segment, pattern, names in zip(segments, self._patterns, self._names, strict=True):
            found = pattern.fullmatch(segment)
            if found is None:
                return None
            values.update(zip(names, found.groups(), strict=True))
        return values
