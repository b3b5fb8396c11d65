"""Faults that break one sentence of Gainsight PX's each: directories of their own, or what stands before one."""

from collections.abc import Mapping

from tests.e2e.breaking import Case, case
from tests.e2e.gainsight_px.servers import FIELDS, Check, Directory, Fields
from tests.e2e.serving import Answer, Bad, Call, Fault, Json, parsed


def _changed(**checks: Check) -> Mapping[str, Check]:
    return {**FIELDS, **checks}


def _taken(given: Json, where: str) -> None:
    """Take whatever comes."""


def _up_to(length: int) -> Check:
    def check(given: Json, where: str) -> None:
        FIELDS["title"](given, where)
        if len(given) > length:
            raise Bad(where)

    return check


def _kinds(*missing: str, name: str) -> Check:
    """Refuse some of the values that the page lists."""

    def check(given: Json, where: str) -> None:
        FIELDS[name](given, where)
        if given in missing:
            raise Bad(where)

    return check


def _in_location(check: Check) -> Check:
    """Look at a location in one more way."""

    def checked(given: Json, where: str) -> None:
        FIELDS["location"](given, where)
        check(given, where)

    return checked


def _both_coordinates(given: Json, where: str) -> None:
    if len(given.get("coordinates", {})) == 1:
        raise Bad(where)


def _any_case(given: Json, where: str) -> None:
    FIELDS["gender"](given.upper() if isinstance(given, str) else given, where)


def _first_metric(given: Json, where: str) -> None:
    FIELDS["channelMetricList"](given[:1] if isinstance(given, list) else given, where)


def _text_or_number(given: Json, where: str) -> None:
    FIELDS["location"](_latitude_as_number(given), where)


def _latitude_as_number(given: Json) -> Json:
    if not isinstance(given, dict) or not isinstance(given.get("coordinates"), dict):
        return given
    latitude = given["coordinates"].get("latitude")
    return {**given, "coordinates": {**given["coordinates"], "latitude": 0.0}} if isinstance(latitude, str) else given


class GenderInAnyCase(Directory):
    """gender may be written in lower case."""

    checks = _changed(gender=_any_case)


class NoOther(Directory):
    """OTHER is no gender."""

    checks = _changed(gender=_kinds("OTHER", name="gender"))


class LatitudeAsText(Directory):
    """latitude may be text."""

    checks = _changed(location=_text_or_number)


class BothCoordinates(Directory):
    """Coordinates come in pairs, or not at all."""

    checks = _changed(location=_in_location(_both_coordinates))


class FirstMetricAlone(Directory):
    """Of the channel metrics the first one alone is looked at."""

    checks = _changed(channelMetricList=_first_metric)


class AgentsNotLookedAt(Directory):
    """lastVisitedUserAgentData may be anything."""

    checks = _changed(lastVisitedUserAgentData=_taken)


class ShortTitles(Directory):
    """A title has 300 characters at most."""

    checks = _changed(title=_up_to(300))


class LooseKeys(Directory):
    """A key may go on after its end."""

    def caller(self, call: Call) -> str:
        key = call.headers.get("x-aptrinsic-api-key", "")
        return "full" if key.startswith(self.full) else super().caller(call)


class FailsAtLists(Directory):
    """A body that is a list makes it fail."""

    def body(self, call: Call) -> Fields:
        if isinstance(parsed(call.body), list):
            raise FailedError
        return super().body(call)

    def respond(self, call: Call) -> Answer:
        try:
            return super().respond(call)
        except FailedError:
            return self.refusal(500)


class FailedError(Exception):
    """The server is in trouble."""


class Upserts(Directory):
    """The update of an unknown user creates one."""

    def update(self, named: str, body: Fields) -> Answer:
        self.users.setdefault(named, self.new(named))
        return super().update(named, body)


class ThirdUpdateTalks(Directory):
    """The third update of a user is answered with 200 and the user."""

    def update(self, named: str, body: Fields) -> Answer:
        answer = super().update(named, body)
        third = answer.status == 204 and self.users[named].updates == 3
        return Answer(200, self.shown(self.users[named])) if third else answer


class EveryThirdUpdateLost(Directory):
    """Every third update of a user is answered as if the user were not there."""

    def update(self, named: str, body: Fields) -> Answer:
        answer = super().update(named, body)
        return self.missing(named) if answer.status == 204 and self.users[named].updates % 3 == 0 else answer


class LongTitlesLoseTheUser(Directory):
    """A user whose title has more than 749 characters is not found."""

    def update(self, named: str, body: Fields) -> Answer:
        return self.missing(named) if len(body.get("title") or "") > 749 else super().update(named, body)


_AGENTS = "PX-AGENT-2 PX-AGENT-3 PX-AGENT-4 PX-AGENT-5 PX-AGENT-6 PX-AGENT-7 PX-AGENT-8 PX-AGENT-9"


def _case(made: Fault | type[Directory], rules: str, beside: str = "", check: str = "constraints") -> Case:
    return case(Directory, made, rules, beside, check)


CASES: Mapping[str, Case] = {
    "gender-in-any-case": _case(GenderInAnyCase, "PX-USER-5", check="alike"),
    "no-other": _case(NoOther, "PX-USER-5", "PX-UPDATE-1", "updates"),
    "latitude-as-text": _case(LatitudeAsText, "PX-PLACE-13"),
    "both-coordinates": _case(BothCoordinates, "PX-UPDATE-1", check="updates"),
    "first-metric-alone": _case(FirstMetricAlone, "PX-METRIC-1 PX-METRIC-3", check="nested"),
    "agents-not-looked-at": _case(AgentsNotLookedAt, "PX-USER-26 PX-AGENT-1", _AGENTS),
    "short-titles": _case(ShortTitles, "PX-UPDATE-1", check="texts"),
    "loose-keys": _case(LooseKeys, "PX-AUTH-1", check="access"),
    "500-to-a-list": _case(FailsAtLists, "PX-BODY-3", "PX-STATUS-1"),
    "upserts": _case(Upserts, "PX-MISSING-1", check="missing"),
    "every-third-update-lost": _case(EveryThirdUpdateLost, "PX-UPDATE-1", check="model"),
    "long-titles-lose-the-user": _case(LongTitlesLoseTheUser, "PX-UPDATE-1", check="extremes"),
    "third-update-talks": _case(ThirdUpdateTalks, "PX-UPDATE-1", "PX-STATUS-1", "updates"),
}
