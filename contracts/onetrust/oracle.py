"""What of OneTrust's answers a rule fixes, for sequences of calls drawn from the document and run on the model.

Elements may be left out of an answer as a whole, a list may come item by item or as one string, and its order is free;
see the conforming endpoints of tests/e2e/freedoms.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from understudy.model.call import Call, Reply
from understudy.model.oracle import Asked, Bindings, Difference, Oracle
from understudy.model.slots import Slot
from understudy.values import Json

NAMES = ("Phone", "Phone", "Country")
TWICE = object()
"""Stands for an element that one request names more than once: the document does not say which one counts."""


USUAL = "Email"
"""The type of identifier that any tenant has; which others there are is the tenant's to say."""


def _refusable(body: Json) -> bool:
    """Whether a write names an element more than once, or a type of identifier that a tenant may not have."""
    if not isinstance(body, dict):
        return False
    elements = body.get("dataElements")
    names = [each.get("name") for each in elements if isinstance(each, dict)] if isinstance(elements, list) else []
    return body.get("identifierType", USUAL) != USUAL or any(name in names[:at] for at, name in enumerate(names))


oracle = Oracle(
    pools={"name": NAMES, "identifierType": (USUAL, "Customer Number"), "language": ("en-us", "nb-no")},
    shared=("value",),
    reading=("createOrUpdateDataSubjectUsingPOST", {}),
    exact="OT-ID-3",
    refusable=_refusable,
)


@oracle.compares("createOrUpdateDataSubjectUsingPOST")
def written(call: Call, reply: Reply, body: Json, bindings: Bindings) -> Iterator[Difference]:
    """Compare the subject that a write answers with."""
    shown = body["elements"] if isinstance(body.get("elements"), list) else None
    apart = _apart(call, reply, shown or [], bindings)
    found = [*_subject(call, reply.body, body, bindings), *_reported(call, reply, body)]
    found += _elements(call, reply, apart, shown, bindings) if shown is not None else []
    bindings.memory.setdefault("sent", set()).update(_values((call.body or {}).get("dataElements") or []))
    had = {value for each in shown or [] if each.get("linked") for value in _values([each])}
    bindings.memory.setdefault(("had", reply.body["identifier"]), set()).update(had)
    bindings.memory.setdefault("gone", set()).difference_update({reply.body["identifier"]}, had)
    if found and shown is not None:  # if none of it binds, what comes next is held against what is there
        apart.update({name: _Apart.of(each, apart.get(name)) for name, each in _by_name(shown).items()})
    yield from found


def _reported(call: Call, reply: Reply, body: Json) -> Iterator[Difference]:
    """Elements that are reported instead of being taken, which a tenant's catalogue or features may want."""
    sent = [each["name"] for each in (call.body or {}).get("dataElements") or []]
    expected = reply.body.get("messages", [])
    messages = [message for message in body.get("messages") or [] if message not in expected]
    told = [name for name in sent if any(name in message for message in messages)]
    if told:
        yield Difference("OT-MSG-1", "A data element is reported instead of being taken", [], told)
    refused = [each.get("name") for each in body.get("additionalIdMessages") or []]
    if refused and "additionalIdMessages" not in reply.body:
        yield Difference("OT-LINK-9", "An additional identifier is reported instead of being taken", [], refused)


def _subject(call: Call, mine: Json, body: Json, bindings: Bindings) -> Iterator[Difference]:
    if "id" in body:
        if not bindings.kept("subject", mine["id"], body["id"]):
            title = "The id of a data subject changes from call to call"
            yield Difference("OT-ID-1", title, bindings.theirs("subject", mine["id"]), body["id"])
        if not bindings.unique("subject", mine["id"], body["id"]):
            yield Difference("OT-ID-2", "Two data subjects have one id", "an id of its own", body["id"])
    if body["identifier"] != mine["identifier"]:
        title = "The primary identifier is not that of the creating request"
        yield Difference("OT-PRIMARY-1", title, mine["identifier"], body["identifier"])
    if body["identifierType"] != mine["identifierType"]:
        sent = isinstance(call.body, dict) and "identifierType" in call.body
        rule = "OT-CREATE-3" if sent and call.body.get("identifierType") == mine["identifierType"] else "OT-PRIMARY-2"
        title = "The identifierType is not that of the creating request"
        yield Difference(rule, title, mine["identifierType"], body["identifierType"])


@dataclass(frozen=True, slots=True)
class _Apart:
    """What has one name, where identifiers of a type and a data element of its name are kept apart.

    The document says of neither whether it takes the other's place, nor whether an identifier that a list leaves out
    stays as a data element. `former` are all values that have been, or may have been, identifiers.
    """

    identifiers: frozenset[Json] = frozenset()
    plain: frozenset[Json] = frozenset()
    former: frozenset[Json] = frozenset()

    @classmethod
    def of(cls, shown: Json, before: "_Apart | None" = None) -> "_Apart":
        """Return what elements of one name show."""
        linked = _values([each for each in shown if each.get("linked")])
        plain = _values([each for each in shown if not each.get("linked")])
        former = before.former if before is not None else frozenset[Json]()
        return cls(linked, plain, _values(shown) | former if linked or former else former)

    def written(self, element: Json, refused: frozenset[Json]) -> "_Apart":
        """Return it as an element of a write leaves it."""
        values = _values([element])
        if not element.get("linked"):
            taken = values if "linked" not in element and self.identifiers else frozenset[Json]()  # for identifiers
            return replace(self, plain=values, former=self.former | taken) if "value" in element else self
        if values:
            taken = values - refused
            return replace(self, identifiers=taken or self.identifiers, former=self.former | taken)
        return replace(self, identifiers=frozenset(), plain=self.plain | self.identifiers)

    def holds(self, shown: Json, *, told: bool) -> bool:
        """Whether elements of its name show just that, and perhaps what was an identifier; `told`, which ones are."""
        if not told:
            return self.identifiers | self.plain <= _values(shown) <= self.identifiers | self.plain | self.former
        linked = _values([each for each in shown if each.get("linked")])
        plain = _values([each for each in shown if not each.get("linked")])
        return linked == self.identifiers and self.plain <= plain <= self.plain | self.former


def _by_name(shown: Json) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    for each in shown:
        found.setdefault(each["name"], []).append(each)
    return found


def _apart(call: Call, reply: Reply, shown: Json, bindings: Bindings) -> dict[str, _Apart]:
    """Return what there is of each name after a call.

    Of a data subject from before, nobody has seen what there was beside the identifiers that it has, or that go.
    """
    key, sent = ("elements", reply.body["id"]), (call.body or {}).get("dataElements") or []
    known: dict[str, _Apart] = bindings.memory.get(key, {})
    if reply.status == 201:
        known.clear()
    elif key not in bindings.memory:
        gone = {each["name"] for each in sent if each.get("linked") and not _values([each])}
        for name, elements in _by_name(shown).items():
            if name in gone or any(each.get("linked") for each in elements):
                known[name] = _Apart(former=_values(elements))
    bindings.memory[key] = known
    told = reply.body.get("additionalIdMessages", [])
    refused = frozenset(value for each in told for value in each["values"])
    for each in sent:
        known[each["name"]] = known.get(each["name"], _Apart()).written(each, refused)
    return known


def _elements(
    call: Call, reply: Reply, apart: dict[str, _Apart], theirs: Json, bindings: Bindings
) -> Iterator[Difference]:
    told = any("linked" in each for each in theirs)  # it is optional
    mine, sent, by_name = reply.body["elements"], dict[str, Json](), _by_name(theirs)
    for each in (call.body or {}).get("dataElements", []):
        sent[each["name"]] = TWICE if each["name"] in sent else each
    for element in mine:
        shown = by_name.get(element["name"], [])
        rule = _rule(reply, element, sent.get(element["name"]))
        values, beside = _values([element]), apart.get(element["name"])
        linked, plain = (values, frozenset[Json]()) if element["linked"] else (frozenset[Json](), values)
        model = _Apart(linked, plain, beside.former if beside is not None else frozenset())
        if replace(model, former=frozenset()).holds(shown, told=told):
            continue
        if any(each.holds(shown, told=told) for each in (model, beside) if each is not None):
            yield Difference("OT-LINK-8", "Identifiers and data elements of one name are kept apart", element, shown)
        elif not shown and _values([element]):
            names = [each["name"] for each in theirs]
            yield Difference(rule, "A data element is missing from the answer", element, names)
        elif shown and _values(shown) != _values([element]):
            yield Difference(rule, "A data element has another value than was written", element, shown)
        elif shown and told and _values([each for each in shown if each.get("linked")]) != linked:
            rule = {"OT-LINK-2": "OT-LINK-1", "OT-LINK-4": "OT-LINK-3"}.get(rule, rule)
            yield Difference(rule, "A data element is linked, or not, otherwise than was written", element, shown)
    known = {element["name"] for element in mine}
    for each in theirs:
        if each["name"] not in known and not _values([each]) and "OT-LINK-9" in reply.rules:
            continue  # a type of which nothing was taken
        if each["name"] not in known and each["name"] in sent and "OT-LINK-9" in reply.rules:
            yield Difference("OT-LINK-9", "An identifier is taken that another data subject has", sorted(known), each)
        elif each["name"] not in known:
            others = reply.status == 201 and _values([each]) and _values([each]) <= bindings.memory.get("sent", set())
            rule = "OT-CREATE-2" if others else "OT-UPDATE-3"
            title = "A new data subject has another one's data element"
            title = title if others else "The answer has a data element that nobody wrote"
            yield Difference(rule, title, sorted(known), each)


def _rule(reply: Reply, element: Json, sent: Json) -> str:
    """Return the rule that decides what an element holds after the call, by how it was sent in it."""
    if sent is None:
        return "OT-LINK-5" if element["linked"] else "OT-UPDATE-3"
    if sent is TWICE or ("value" not in sent and not sent.get("linked")):
        return "OT-UPDATE-6"
    former = isinstance(element.get("value"), list) and sent.get("value") != element["value"]
    if "linked" not in sent and (element["linked"] or former):
        return "OT-UPDATE-6"  # what a value alone does to a type that is, or was, linked is left open
    if not sent.get("linked"):
        return "OT-UPDATE-2" if reply.status == 200 else "OT-CREATE-2"
    if isinstance(sent.get("value"), str) and sent["value"]:
        return "OT-LINK-8"  # the document shows lists alone
    if sent.get("value"):
        return "OT-LINK-9" if "OT-LINK-9" in reply.rules else "OT-LINK-2"
    return "OT-LINK-4" if sent.get("value") == [] else "OT-LINK-7"


def _values(elements: Json) -> frozenset[Json]:
    values = [each.get("value") for each in elements]
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return frozenset(item for item in flat if item not in (None, ""))


# --- surveys: long histories of two data subjects ---------------------------------------------------------------------

WRITE, DELETE = "createOrUpdateDataSubjectUsingPOST", "deleteDataSubjectUsingDELETE"
PAGE = "getDataSubjectsUsingGET"
TYPES = ("Work Email", "Member Number")
PLAIN = {"Country": ("Norway", "Peru", "Chad"), "Interests": (["a", "b", "c"], ["c", "a", "b"], ["a", "b"])}
OF_A_TYPE = (range(2, 10), range(10, 13))
"""The numbers of the identifiers, by their type, that one of a survey's data subjects is given beside its own."""
ADDITIONAL = (*OF_A_TYPE[0], *OF_A_TYPE[1])
WRITES, CROWD = 16, 30


@oracle.compares(DELETE, drawn=False)
def deleted(call: Call, reply: Reply, body: Json, bindings: Bindings) -> Iterator[Difference]:
    """Compare nothing, the answer is words; take note of who is gone, with all identifiers."""
    named = call.body["identifier"]
    had = bindings.memory.pop(("had", named), set())
    bindings.memory.setdefault("gone", set()).update({named}, had)
    yield from ()


@oracle.compares(PAGE, drawn=False)
def page(call: Call, reply: Reply, body: Json, bindings: Bindings) -> Iterator[Difference]:
    """Compare whom a page shows, and that all is there that was written."""
    if reply.status != 200:
        return
    asked, mine = call.header["identifier"], reply.body["content"]
    theirs = [each for each in body["content"] if isinstance(each, dict)]
    if theirs and not mine:
        rule = "OT-DELETE-1" if asked in bindings.memory.get("gone", ()) else "OT-READ-1"
        yield Difference(rule, "An identifier finds a data subject that it is none of", [], asked)
    for subject in mine:
        rule = "OT-READ-1" if subject["identifier"] == asked else "OT-READ-2"
        shown = next((each for each in theirs if each.get("identifier") == subject["identifier"]), None)
        if shown is None:
            yield Difference(rule, "An identifier does not find its data subject", subject["identifier"], asked)
            return
        by_name = _by_name(shown.get("elements") or [])
        for element in subject["elements"]:
            there = [str(value) for value in _values(by_name.get(element["name"], []))]
            lost = [each for each in _values([element]) if not any(str(each) in value for value in there)]
            if lost:
                yield Difference("OT-READ-1", "A page does not show an element as last written", element, there)


@oracle.surveys
def survey(random: Random) -> Iterator[Asked]:
    """Write one data subject many times, most in lists of identifiers; look for it by each of them, and for another.

    Every writing names elements of two names at most that are plain, so that few are left to the vendor.
    """
    one, two = Slot(0), Slot(1)
    yield _written(two, _plain(random))
    yield _written(one, _plain(random))
    for number in range(WRITES):
        kind = random.choice(("list", "list", "list", "plain", "plain", "both", "closed"))
        elements = ([_list(random)] if kind != "plain" else []) + (_plain(random) if kind in ("plain", "both") else [])
        if kind == "closed":
            yield replace(_written(one, elements), credential="restricted")
            yield _written(one, [])
        else:
            yield _written(one, elements)
        yield _page(random.choice((one, *map(Slot, ADDITIONAL))))
        if number == WRITES // 2 or random.random() < 0.05:
            yield from (_page(Slot(each)) for each in (0, *ADDITIONAL))
            yield Asked(DELETE, body={"identifier": one, "retainReceipts": random.random() < 0.5})
            yield from (_page(Slot(each)) for each in (0, *ADDITIONAL))
            yield _written(one, _plain(random)[:1], language="en-us")
    yield from (_page(Slot(each)) for each in (0, 1, *ADDITIONAL))
    yield _written(two, [])


@oracle.crowds
def crowd(random: Random) -> Iterator[Asked]:
    """Make many data subjects, each with elements of its own."""
    for number in range(CROWD):
        yield _written(Slot(number), [{"name": f"Field {number % 7}", "value": Slot(number, tail=" land")}])
    for number in range(CROWD):
        yield _written(Slot(number), [])


def _written(slot: Slot, elements: list[Json], **more: Json) -> Asked:
    body = {"dataElements": elements, **more} if elements else {}
    return Asked(WRITE, {"header": {"dataSubjectIdentifier": slot}}, body)


def _page(slot: Slot) -> Asked:
    return Asked(PAGE, {"header": {"identifier": slot}})


def _plain(random: Random) -> list[Json]:
    """Draw plain elements of both names, so that what becomes of the others is no matter."""
    return [{"name": name, "value": random.choice(values)} for name, values in PLAIN.items()]


def _list(random: Random) -> Json:
    """Draw the identifiers of a type, in any order: none, or some of those that are that type's alone."""
    name, numbers = random.choice([*zip(TYPES, OF_A_TYPE, strict=True)])
    some = random.sample(numbers, min(random.choice((0, 1, 2, 2, 3, 4, 8)), len(numbers)))
    return {"name": name, "linked": True, "value": [Slot(each) for each in some]}
