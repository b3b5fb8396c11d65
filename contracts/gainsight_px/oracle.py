"""What of Gainsight PX's answers a rule fixes, for sequences of calls drawn from the document and run on the model.

A read shows the fields as last written. What an absent field looks like is the vendor's affair ("", 0, null, left out),
and so is what an update does to the fields that it does not name, and to what objects hold: those leave remarks.
"""

from collections.abc import Iterator, Mapping

from understudy.model.call import Call, Reply
from understudy.model.oracle import Bindings, Difference, Oracle
from understudy.values import Json

EMPTY = ("", 0, None, [], {}, "EMPTY_USER_TYPE", "EMPTY_GENDER")
WRITTEN = ("firstName", "lastName", "title", "score", "accountId", "location", "customAttributes")

oracle = Oracle(
    pools={
        "propertyKeys": (["AP-UNDERSTUDY-2"], ["AP-UNDERSTUDY-2", "AP-UNDERSTUDY-3"]),
        "hardDelete": (True, False),
        "customAttributes": ({"plan": "a"}, {"plan": "b", "seats": 3}),
    },
    left_out=("lastInferredLocation",),
    reading=("getUser", None),
    exact="PX-GET-3",
)


@oracle.compares("createUser", "updateUser", "updateUserOfBody", "deleteUser", "deleteUserOfBody")
def done(call: Call, reply: Reply, body: Json, bindings: Bindings) -> Iterator[Difference]:
    """Compare nothing: these answers have a status alone."""
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
    for name in WRITTEN:
        if not _empty(mine[name]) and not _holds(body.get(name), mine[name]):
            rule = "PX-UPDATE-4" if _empty(body.get(name)) or isinstance(mine[name], Mapping) else "PX-GET-1"
            yield Difference(rule, f"A read does not show {name} as last written", mine[name], body.get(name))


def _empty(value: Json) -> bool:
    """Whether a value is the form of an absent one, or holds nothing else."""
    return all(map(_empty, value.values())) if isinstance(value, Mapping) and value else value in EMPTY


def _holds(theirs: Json, mine: Json) -> bool:
    """Whether all that was written is there; of an object more may be."""
    if isinstance(mine, Mapping):
        return isinstance(theirs, Mapping) and all(
            _empty(value) or _holds(theirs.get(name), value) for name, value in mine.items()
        )
    return bool(theirs == mine)
