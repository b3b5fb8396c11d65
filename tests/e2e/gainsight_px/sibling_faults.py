"""Faults that break a sentence of Gainsight PX's other pages each, or that their operations show."""

from collections.abc import Mapping, Sequence

from tests.e2e.breaking import Case, case
from tests.e2e.gainsight_px.servers import READ_ONLY, Directory, Fields, User
from tests.e2e.serving import Answer, Call, Json


class CreatesInSilence(Directory):
    """The update of an unknown user is refused, and creates one."""

    def missing(self, named: str) -> Answer:
        if self.seen[-1].method == "PUT":
            self.users.setdefault(named, self.new(named))
        return super().missing(named)


class ThirdUpdateLost(Directory):
    """The third update of a user is answered and not done."""

    def write(self, user: User, body: Fields) -> None:
        if user.updates != 3:
            super().write(user, body)


class WholeSeconds(Directory):
    """Moments are kept in whole seconds."""

    def stored(self, name: str, given: Json) -> Json:
        return given // 1000 * 1000 if name == "signUpDate" else given


class ShortTexts(Directory):
    """Texts are cut at 255 characters."""

    def stored(self, name: str, given: Json) -> Json:
        return given[:255] if isinstance(given, str) else given


class FirstMetricKept(Directory):
    """One channel metric is kept."""

    def stored(self, name: str, given: Json) -> Json:
        return given[:1] if name == "channelMetricList" else given


class OneAccountOneTitle(Directory):
    """The title that an update gives a user goes to all users of the account."""

    def update(self, named: str, body: Fields) -> Answer:
        answer = super().update(named, body)
        account = self.users[named].fields.get("accountId") if answer.status == 204 else None
        for other in self.users.values():
            if account and "title" in body and other.fields.get("accountId") == account:
                other.fields["title"] = body["title"]
        return answer


class EmailsApart(Directory):
    """An update that gives a user the email of another one takes it away there."""

    def update(self, named: str, body: Fields) -> Answer:
        for name, other in self.users.items():
            if name != named and other.fields.get("email") == body.get("email", ...):
                other.fields["email"] = ""
        return super().update(named, body)


class ReadsInAnyCase(Directory):
    """A read finds a user in any case."""

    def find(self, named: str) -> User | None:
        if self.seen[-1].method != "GET":
            return super().find(named)
        there = (each for name, each in self.users.items() if name.lower() == named.lower() and not each.deleted)
        return next(there, None)


class OwnIdIsSet(Directory):
    """aptrinsicId can be set."""

    def write(self, user: User, body: Fields) -> None:
        super().write(user, body)
        if READ_ONLY[0] in body:
            user.fields[READ_ONLY[0]] = body[READ_ONLY[0]]

    def shown(self, user: User) -> Fields:
        own = {name: each for name, each in user.fields.items() if name in READ_ONLY}
        return {**super().shown(user), **own}


class RevivedBare(Directory):
    """A user who comes back has lost the custom attributes."""

    def revive(self, user: User) -> None:
        if user.deleted:
            user.fields.pop("customAttributes", None)
        super().revive(user)


class RevivedAnew(Directory):
    """A user whom a creation brings back is a new one."""

    def create(self, sent: Fields) -> Answer:
        gone = self.users.get(str(sent.get("identifyId")))
        if gone is not None and gone.deleted:
            del self.users[gone.identify_id]
        return super().create(sent)


class AlwaysSoft(Directory):
    """hardDelete makes no difference."""

    def delete(self, named: str, *, hard: bool) -> Answer:
        return super().delete(named, hard=False)


class DeletesLonger(Directory):
    """A delete takes users along whose ids begin with the id."""

    def delete(self, named: str, *, hard: bool) -> Answer:
        answer = super().delete(named, hard=hard)
        for name, user in self.users.items():
            user.deleted = user.deleted or (answer.status == 204 and name.startswith(named))
        return answer


class ListsDeleted(Directory):
    """A list shows those who were deleted softly."""

    def visible(self) -> list[User]:
        return list(self.users.values())


class PagesOverlap(Directory):
    """A page begins with the last user of the one before, where it holds more than one."""

    def page(self, users: list[User], start: int, size: int) -> Answer:
        return super().page(users, start - 1 if start and size > 1 else start, size)


class PagesGap(Directory):
    """The next page leaves out a user."""

    def page(self, users: list[User], start: int, size: int) -> Answer:
        return super().page(users, start + 1 if start else start, size)


class NobodyCreates(Directory):
    """No key may create users."""

    def create(self, sent: Fields) -> Answer:
        return self.refusal(403)


class Greater(Directory):
    """>= finds those who have more."""

    def holds(self, has: Json, sign: str, wanted: str) -> bool:
        return super().holds(has, ">" if sign == ">=" else sign, wanted)


class FirstFilter(Directory):
    """Of several filters the first one counts."""

    def matches(self, user: Fields, filters: Sequence[str]) -> bool:
        return super().matches(user, filters[:1])


class SortsByOne(Directory):
    """The first field of sort counts, and no other."""

    def chosen(self, call: Call) -> list[User]:
        call.query = [(name, each.partition(";")[0] if name == "sort" else each) for name, each in call.query]
        return super().chosen(call)


class NeverFalls(Directory):
    """- before a field makes no difference."""

    def falls(self, name: str) -> bool:
        return False


def _case(made: type[Directory], rules: str, beside: str = "", check: str = "") -> Case:
    return case(Directory, made, rules, beside, check)


FULL_CASES: Mapping[str, Case] = {
    "nobody-creates": _case(NobodyCreates, "PX-AUTH-6", check="constraints or access"),
    "creates-in-silence": _case(CreatesInSilence, "PX-MISSING-1", check="updates"),
    "third-update-lost": _case(ThirdUpdateLost, "PX-UPDATE-2", check="updates"),
    "whole-seconds": _case(WholeSeconds, "PX-UPDATE-2", "PX-CREATE-3 PX-GET-1", "updates"),
    "short-texts": _case(ShortTexts, "PX-UPDATE-2", "PX-CREATE-3 PX-GET-1", "texts"),
    "first-metric-kept": _case(FirstMetricKept, "PX-UPDATE-2", "PX-CREATE-3 PX-GET-1", "updates"),
    "one-account-one-title": _case(OneAccountOneTitle, "PX-UPDATE-3", check="alike"),
    "emails-apart": _case(EmailsApart, "PX-UPDATE-3", check="alike"),
    "reads-in-any-case": _case(ReadsInAnyCase, "PX-GET-3", check="reads"),
    "own-id-is-set": _case(OwnIdIsSet, "PX-READONLY-1", check="only"),
    "revived-bare": _case(RevivedBare, "PX-DELETE-3 PX-DELETE-4", check="revivals"),
    "revived-anew": _case(RevivedAnew, "PX-DELETE-3", check="revivals"),
    "always-soft": _case(AlwaysSoft, "PX-DELETE-5", check="deletes"),
    "deletes-longer": _case(DeletesLonger, "PX-DELETE-1", check="deletes"),
    "lists-deleted": _case(ListsDeleted, "PX-DELETE-1", check="deletes"),
    "pages-overlap": _case(PagesOverlap, "PX-LIST-8", check="paging"),
    "pages-gap": _case(PagesGap, "PX-LIST-8", check="paging"),
    "greater": _case(Greater, "PX-FILTER-3", check="filters"),
    "first-filter": _case(FirstFilter, "PX-FILTER-5", check="filters"),
    "sorts-by-one": _case(SortsByOne, "PX-SORT-3", check="sorting"),
    "never-falls": _case(NeverFalls, "PX-SORT-2", "PX-SORT-3", "sorting"),
}
