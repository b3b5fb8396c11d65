"""What of Gainsight PX's answers a rule fixes, for sequences of calls drawn from the document and run on the model.

A read shows the fields as last written. What an absent field looks like is the vendor's affair ("", 0, null, left out),
and so is what an update does to the fields that it does not name, and to what objects hold: those leave remarks.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from random import Random

from understudy.model.call import Call, Reply
from understudy.model.oracle import Asked, Bindings, Difference, Listing, Oracle
from understudy.model.slots import Slot
from understudy.values import Json

EMPTY = ("", 0, None, [], {}, "EMPTY_USER_TYPE", "EMPTY_GENDER")
TEXTS = ("firstName", "lastName", "email", "title", "phone", "role", "subscriptionId", "accountId", "sfdcContactId")
OBJECTS = ("location", "customAttributes")
WRITTEN = (*TEXTS, "type", "gender", "score", "signUpDate", "firstVisitDate", *OBJECTS)

APART = ("identifyId==", "accountId==")
"""What filters begin with that ask for users alone whom the model knows."""
ACCOUNT = Slot(0)
"""The account of the users of a survey: nobody else's, since it is called as the first of them."""
USERS, QUERIES, CROWD = 7, 24, 105
SIGNS = ("==", "!=", "<", "<=", ">", ">=")
KEYS: Mapping[str, Json] = {"propertyKeys": ["AP-UNDERSTUDY-2"]}
PLACES: tuple[Json, ...] = (
    {"city": "Berlin", "countryName": "Germany", "coordinates": {"latitude": 52.52, "longitude": 13.405}},
    {"city": "Bern", "countryName": "Switzerland", "coordinates": {"latitude": 46.948, "longitude": 7.4474}},
)
NUMBERED: Mapping[str, tuple[int, ...]] = {
    "score": (-(2**40), -70, -7, -3, -1, 1, 2, 9, 10, 70, 2**31),
    "signUpDate": (946_684_800_000, 999_999_999_999, 1_000_000_000_000, 1_600_000_000_000, 1_600_000_000_001),
    "firstVisitDate": (946_684_800_500, 1_500_000_000_000, 1_600_000_000_000, 1_700_000_000_000),
}
_LONG = "understudy and the company of all the other players of the evening, "
NAMED: Mapping[str, tuple[str, ...]] = {
    "firstName": ("ann", "anna", "Annabel", "bob", "Bob Lee", "Élise", "élisa"),
    "lastName": ("Lee", "Lee-Lee", f"{_LONG}one", f"{_LONG}two"),
    "title": ("Head", "Head of Sales", "head+sales", "Sales, Head"),
    "phone": ("1", "01", "1.0", "0049 1", "491"),
    "role": ("owner", "reader", "writer"),
    "email": ("ann@example.com", "anna@example.com", "ann+a@example.com", "bob@example.com"),
}
CHOSEN: Mapping[str, tuple[Json, ...]] = {
    "gender": ("MALE", "FEMALE", "OTHER"),
    "type": ("LEAD", "USER", "VISITOR"),
    "globalUnsubscribe": (True, False),
}
"""What the fields of a survey's users are: numbers, text, and one of few; none is the form of an absent one."""
_CONDITION = re.compile(r"([A-Za-z]+)(==|!=|!~|<=|>=|<|>|~)(.*)", re.DOTALL)

oracle = Oracle(
    pools={
        "propertyKeys": (["AP-UNDERSTUDY-2"], ["AP-UNDERSTUDY-2", "AP-UNDERSTUDY-3"]),
        "hardDelete": (True, False),
        "customAttributes": (
            {"plan": "b", "seats": 3},
            {"plan": "0123", "Plan": "A", "planned": True, "rate": 2.125, "a.b": "x", "list": ["b", "a", "a", ["c"]]},
            {"deep": {"a": {"b": ["1", 2, True]}}, **{f"number{n}": n for n in range(1, 13)}},
        ),
    },
    left_out=("lastInferredLocation",),
    reading=("getUser", None),
    exact="PX-GET-3",
    listing=Listing("listUsers", lambda slot: {"filter": [replace(slot, before="identifyId==")]}),
)


@oracle.compares("createUser", "updateUser", "updateUserOfBody", "deleteUser", "deleteUserOfBody")
def done(call: Call, reply: Reply, body: Json, bindings: Bindings) -> Iterator[Difference]:
    """Compare nothing, these answers have a status alone; take note of who is gone, and of what was written last."""
    sent = call.body if isinstance(call.body, dict) else {}
    named, gone = call.path.get("identifyId", sent.get("identifyId")), call.operation_id.startswith("delete")
    bindings.memory["gone", named] = gone
    bindings.memory["wrote", named] = {} if gone else {name: sent.get(name) for name in OBJECTS}
    for name in TEXTS:
        for whose in ("", named):
            texts = bindings.memory.setdefault(("texts", name, whose), set())
            texts.update(each for each in [sent.get(name)] if isinstance(each, str) and each)
    yield from ()


@oracle.compares("getUser")
def read(call: Call, reply: Reply, body: Json, bindings: Bindings) -> Iterator[Difference]:
    """Compare a user with what was written."""
    if reply.status != 200:
        return
    mine: Json = reply.body
    if body.get("identifyId", mine["identifyId"]) != mine["identifyId"]:
        yield Difference("PX-GET-1", "Another user is read than the path names", mine["identifyId"], body["identifyId"])
    if not bindings.unique("user", mine["identifyId"], body.get("aptrinsicId") or mine["identifyId"]):
        yield Difference("PX-READONLY-1", "Two users share one aptrinsicId", "an id of its own", body["aptrinsicId"])
    yield from _last_written(mine, body, bindings, "PX-GET-1", "A read")
    for name in TEXTS:
        text = body.get(name)
        written, own = (bindings.memory.get(("texts", name, whose), ()) for whose in ("", mine["identifyId"]))
        if not mine[name] and isinstance(text, str) and text in written and text not in own:
            yield Difference("PX-UPDATE-3", f"A read shows the {name} that another user was given", mine[name], text)
    for name in WRITTEN:
        if not _empty(mine[name]) and not _holds(body.get(name), mine[name]):
            rule = "PX-UPDATE-4" if _empty(body.get(name)) or isinstance(mine[name], Mapping) else "PX-GET-1"
            yield Difference(rule, f"A read does not show {name} as last written", mine[name], body.get(name))


def _last_written(
    mine: Json, theirs: Mapping[str, Json], bindings: Bindings, rule: str, where: str
) -> Iterator[Difference]:
    """Compare what objects show with what the last writing sent of them: what was in them before may be gone."""
    wrote = bindings.memory.get(("wrote", mine["identifyId"]), {})
    for name in OBJECTS if wrote else ():
        for path, sent in _leaves(wrote[name]):
            shown = _at(theirs.get(name), path)
            if _at(mine[name], path) == sent and not _empty(sent) and not _holds(shown, sent):
                simple = name == "location" or (len(path) == 1 and path[0].isalnum() and not isinstance(sent, list))
                title = f"{where} does not show {name} as last written"
                yield Difference(rule if simple else "PX-CREATE-9", title, sent, shown)


def _leaves(value: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Json]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _leaves(each, (*path, name))
    else:
        yield path, value


def _at(value: Json, path: tuple[str, ...]) -> Json:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


@oracle.compares("listUsers", drawn=False)
def listed(call: Call, reply: Reply, body: Json, bindings: Bindings) -> Iterator[Difference]:
    """Compare who is on a list, how many there are, in which order, and with what; if it asks for known users alone."""
    filters = [each.split(";") for each in call.query.get("filter", ())]
    if reply.status != 200 or not filters or not all(each[0].startswith(APART) for each in filters):
        return
    mine, theirs = reply.body["users"], [each for each in body["users"] if isinstance(each, Mapping)]
    wanted, found = {each["identifyId"]: each for each in mine}, {each.get("identifyId"): each for each in theirs}
    wrong = [*_membership(reply, filters, wanted, found, bindings)]
    if wrong:
        yield wrong[0]
        return
    if len(theirs) > len(found):
        rule = "PX-FILTER-5" if len(filters) > 1 else "PX-LIST-8"
        yield Difference(rule, "A user is twice on one page", len(found), len(theirs))
    if body.get("totalHits", reply.body["totalHits"]) != reply.body["totalHits"]:
        expected, actual = reply.body["totalHits"], body["totalHits"]
        yield Difference("PX-LIST-2", "totalHits is not the number of users who match", expected, actual)
    names = [each.removeprefix("-") for each in call.query.get("sort", "").split(";") if each]
    if names and len(theirs) < len(mine):
        yield Difference(
            "PX-LIST-3", "A page holds fewer users than it is asked for", len(mine), len(theirs), asked=True
        )
    elif names and all(name in each for each in theirs for name in names):
        keys, shown = ([[each[name] for name in names] for each in users] for users in (mine, theirs))
        rule = "PX-SORT-3" if len(names) > 1 else "PX-SORT-2" if "-" in call.query["sort"] else "PX-SORT-1"
        if keys != shown:
            yield Difference(rule, "A list is not in the order that it is asked for", keys, shown, asked=True)
    for identify_id in wanted.keys() & found.keys():
        yield from _as_written(wanted[identify_id], found[identify_id], bindings)


def _as_written(mine: Json, theirs: Mapping[str, Json], bindings: Bindings) -> Iterator[Difference]:
    """Compare a user on a list with what was written, as far as the list shows it."""
    if all(name in theirs for name in OBJECTS):
        yield from _last_written(mine, theirs, bindings, "PX-UPDATE-2", "The list")
    for name in WRITTEN:
        if name in theirs and not _empty(mine[name]) and not _holds(theirs[name], mine[name]):
            rule = "PX-UPDATE-4" if _empty(theirs[name]) or isinstance(mine[name], Mapping) else "PX-UPDATE-2"
            yield Difference(rule, f"The list does not show {name} as last written", mine[name], theirs[name])


def _membership(
    reply: Reply,
    filters: list[list[str]],
    wanted: Mapping[str, Json],
    found: Mapping[str, Json],
    bindings: Bindings,
) -> Iterator[Difference]:
    """Compare who is on the one page of a list; of several pages none has everybody."""
    if len(wanted) < reply.body["totalHits"]:
        return
    for identify_id in (each for each in wanted if each not in found):
        rule = _rule(filters, wanted[identify_id])
        yield Difference(rule, "A user who matches is not on the list", identify_id, None, asked=True)
        return
    for identify_id in (each for each in found if each not in wanted):
        gone = bindings.memory.get(("gone", identify_id))
        rule = "PX-DELETE-1" if gone else _rule(filters, found[identify_id])
        title = "A user who is deleted is on the list" if gone else "A user who does not match is on the list"
        yield Difference(rule, title, None, identify_id, asked=True)
        return


def _rule(filters: list[list[str]], user: Mapping[str, Json]) -> str:
    """Return the rule that filters break which are right about the user no more: of one condition, its sign's."""
    conditions = [each for _, *rest in filters for each in rest] or filters[0]
    if len(filters) > 1:
        return "PX-FILTER-5"
    if len(conditions) > 1:
        return "PX-FILTER-4"
    match = _CONDITION.fullmatch(conditions[0])
    assert match is not None
    name, sign, value = match.groups()
    shown = user.get(name)
    if isinstance(shown, str) and shown != value and shown.casefold() == value.casefold():
        return "PX-FILTER-6"
    return {"==": "PX-FILTER-1", "!=": "PX-FILTER-2", "~": "PX-FILTER-7", "!~": "PX-FILTER-7"}.get(sign, "PX-FILTER-3")


# --- surveys ----------------------------------------------------------------------------------------------------------


@oracle.surveys
def survey(random: Random) -> Iterator[Asked]:
    """Make users of one account, change some, delete some, and list them under many filters and orders.

    Each writing of these names all fields, since what becomes of the others is left to the vendor.
    """
    yield from _alone(random)
    users = [_user(random) for _ in range(USERS)]
    for number, user in enumerate(users):
        yield Asked("createUser", body={"identifyId": Slot(number), **user})
    for number in random.sample(range(USERS), 3):
        path, users[number] = {"path": {"identifyId": Slot(number)}}, _user(random)
        if random.random() < 0.3:
            yield Asked("deleteUser", path)
        elif random.random() < 0.3:
            yield Asked("deleteUser", path)
            yield Asked("createUser", body={"identifyId": Slot(number), **users[number]})
        else:
            yield Asked("updateUser", path, {"identifyId": Slot(number), **users[number]})
    for query in (*_each(random, users), *(_query(random, users) for _ in range(QUERIES))):
        yield Asked("listUsers", {"query": query}, leeway="refuse")


def _alone(random: Random) -> Iterator[Asked]:
    """Update one field of a user of no account, and create another with nothing: what they show is theirs."""
    one, two = Slot(USERS), Slot(USERS + 1)
    path = {"path": {"identifyId": one}}
    fields = {name: value for name, value in _user(random).items() if value != ACCOUNT}
    yield Asked("createUser", body={"identifyId": one, **fields})
    for name in ("signUpDate", random.choice((*NUMBERED, *NAMED))):
        yield Asked("updateUser", path, {"identifyId": one, **KEYS, name: random.choice((NUMBERED | NAMED)[name])})
        yield Asked("getUser", path)
    yield Asked("updateUser", path, {"identifyId": one, **KEYS, "title": "Head of Sales, " * 600}, leeway="refuse")
    yield Asked("getUser", path)
    yield Asked("createUser", body={"identifyId": two, **KEYS})
    yield Asked("getUser", {"path": {"identifyId": two}})


def _user(random: Random) -> dict[str, Json]:
    fields = {name: random.choice(pool) for name, pool in (NUMBERED | NAMED | CHOSEN).items()}
    objects = {"location": random.choice(PLACES), "customAttributes": random.choice(oracle.pools["customAttributes"])}
    return {**KEYS, "accountId": ACCOUNT, **fields, **objects}


@oracle.crowds
def crowd(random: Random) -> Iterator[Asked]:
    """Make more users than small pages hold, and list them on one page and in part."""
    for number in range(CROWD):
        score = {"score": random.randrange(1, 10**6)}
        yield Asked("createUser", body={"identifyId": Slot(number), **KEYS, "accountId": ACCOUNT, **score})
    for size in (CROWD - 1, CROWD, 1000):
        query = {"filter": [_apart([])], "sort": "score", "pageSize": size}
        yield Asked("listUsers", {"query": query}, leeway="refuse")


def _each(random: Random, users: list[dict[str, Json]]) -> Iterator[dict[str, Json]]:
    """Yield queries with each sign on the least number there is and on another one, and with each field's text."""
    for score in (min(user["score"] for user in users), random.choice(users)["score"]):
        yield from ({"filter": [_apart([f"score{sign}{score}"])]} for sign in SIGNS)
    for name in NAMED:
        yield {"filter": [_apart([f"{name}=={random.choice(users)[name]}"])]}
    for text in sorted({user["firstName"] for user in users if not user["firstName"].isascii()}):
        yield {"filter": [_apart([f"firstName=={text.swapcase()}"])]}
    for text in sorted({user["lastName"] for user in users if user["lastName"].startswith(_LONG)}):
        yield {"filter": [_apart([f"lastName=={text}"])]}


def _query(random: Random, users: list[dict[str, Json]]) -> dict[str, Json]:
    """Draw what a list is asked for: one condition, several, several filters, or an order, on one page or more."""
    kind = random.choice(("one", "one", "one", "and", "or", "sort", "sort"))
    if kind == "sort":
        first, second = random.sample([*NUMBERED, "role"], 2)
        signs = [random.choice(("", "-")) for _ in range(2)]
        names = [f"{sign}{name}" for sign, name in zip(signs, (first, second), strict=True)]
        size = {"pageSize": random.choice((1, 2, 3, 100))} if random.random() < 0.5 else {}
        return {"filter": [_apart([])], "sort": ";".join(names[: random.choice((1, 2))]), **size}
    if kind == "one":
        return {"filter": [_apart([_condition(random, random.choice(users))])]}
    some = [_equal(random, random.choice(users)) for _ in range(random.choice((2, 3)))]
    return {"filter": [_apart([each]) for each in some] if kind == "or" else [_apart(some)]}


def _apart(conditions: list[str]) -> Slot:
    """Return a filter that finds those of the account alone for whom the conditions hold."""
    return replace(ACCOUNT, before="accountId==", tail="".join(f";{each}" for each in conditions))


def _equal(random: Random, user: Mapping[str, Json]) -> str:
    """Draw a condition that is no fault's but those of several ones together."""
    name = random.choice(("firstName", "role", "gender", "score"))
    return f"{name}=={user[name]}"


def _condition(random: Random, user: Mapping[str, Json]) -> str:
    """Draw a condition that holds for the user, or nearly so."""
    name = random.choice(("score", *NUMBERED, *NUMBERED, *NAMED, *CHOSEN))
    value = user[name]
    if name in NUMBERED:
        sign = random.choice(SIGNS)
        return f"{name}{sign}{value + random.choice((0, 0, 0, 1, -1))}"
    sign = random.choice(("==", "!=", "~", "!~") if name in NAMED else ("==", "!="))
    if isinstance(value, bool):
        return f"{name}{sign}{str(value).lower()}"
    if "~" in sign:
        start = random.randrange(len(value))
        value = value[start : start + random.choice((2, 3, 60))].strip()
    return f"{name}{sign}{value if random.random() < 0.6 else value.swapcase()}"


def _empty(value: Json) -> bool:
    """Whether a value is the form of an absent one, or holds nothing else."""
    return all(map(_empty, value.values())) if isinstance(value, Mapping) and value else value in EMPTY


def _holds(theirs: Json, mine: Json) -> bool:
    """Whether all that was written is there; of an object more may be."""
    if isinstance(mine, Mapping):
        return isinstance(theirs, Mapping) and all(
            _empty(value) or _holds(theirs.get(name), value) for name, value in mine.items()
        )
    return bool(theirs == mine) and isinstance(theirs, bool) is isinstance(mine, bool)
