"""Path, query and header parameters of a request: read as the values that their schemas speak of, and checked."""

from collections.abc import Callable, Mapping
from urllib.parse import parse_qs

from understudy.mock.problems import shortened
from understudy.mock.visit import RefusedError
from understudy.spec.document import Operation, Parameter
from understudy.spec.rules import Part
from understudy.spec.wire import header_text
from understudy.values import Json

Refuse = Callable[..., RefusedError]


class Parameters:
    """The declared parameters of one operation; `refuse` makes its refusals."""

    def __init__(self, operation: Operation, refuse: Refuse) -> None:
        self._refuse = refuse
        made = [_Declared(parameter) for parameter in operation.parameters]
        self._path, self._query, self._header, self._cookie = (
            [each for each in made if each.parameter.location == location]
            for location in ("path", "query", "header", "cookie")
        )
        self.in_path, self.in_query = bool(self._path), bool(self._query)

    def path(self, sent: Mapping[str, Json]) -> dict[str, Json]:
        """Return the path parameters by their declared names; raises RefusedError where one breaks the document."""
        return {each.name: self._checked(each, sent[each.name]) for each in self._path if each.name in sent}

    def query(self, sent: bytes) -> dict[str, Json]:
        """Return the query parameters; undeclared ones are nobody's business."""
        values = parse_qs(sent.decode("latin-1"), keep_blank_values=True)
        return {
            each.name: value for each in self._query if (value := self._found(each, values.get(each.name))) is not None
        }

    def header(self, headers: Mapping[bytes, bytes]) -> dict[str, Json]:
        """Return the header parameters, and with them the cookies."""
        found: dict[str, Json] = {}
        for each in self._header:
            raw = headers.get(each.raw)
            value = self._found(each, None if raw is None else header_text(raw))
            if value is not None:
                found[each.name] = value
        if self._cookie:
            pairs = (pair.partition("=") for pair in header_text(headers.get(b"cookie", b"")).split(";"))
            cookies = {name.strip(): value.strip() for name, _, value in pairs}
            for each in self._cookie:
                self._found(each, cookies.get(each.name))
        return found

    def _found(self, declared: "_Declared", value: Json) -> Json:
        if value is not None:
            return self._checked(declared, value)
        if declared.parameter.required:
            raise self._refuse(
                400,
                f"{declared.parameter.location} parameter {declared.name} is missing",
                broken=[(Part.PARAMETERS, f"{declared.parameter.pointer}/required")],
                where=declared.name,
            )
        return None

    def _checked(self, declared: "_Declared", value: Json) -> Json:
        if not (declared.plain and type(value) is str):
            value = declared.parameter.reader.value(value)
        if declared.is_valid(value):
            return value
        violation = next(declared.parameter.schema.violations(value))
        raise self._refuse(
            400,
            f"{declared.parameter.location} parameter {declared.name}: {shortened(violation.message)}",
            broken=[(Part.PARAMETERS, violation.keyword)],
            where=declared.name,
        )


class _Declared:
    """A parameter with what the hot path needs of it, found out once."""

    __slots__ = ("is_valid", "name", "parameter", "plain", "raw")

    def __init__(self, parameter: Parameter) -> None:
        self.parameter = parameter
        self.name = parameter.name
        self.raw = parameter.name.lower().encode()
        self.is_valid = parameter.schema.is_valid
        self.plain = parameter.reader.kinds == ("string",)
