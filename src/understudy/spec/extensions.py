"""The specification extensions (`x-understudy-...`) by which overlays tell the engine what OpenAPI has no words for."""

IDENTIFIER = "x-understudy-identifier"
"""On a parameter, or a property of a body: names the record, so that each call can have one of its own.

`EXISTING` on a parameter: the operation does nothing unless that record is there.
"""
EXISTING = "existing"
NEEDS_RECORD = "x-understudy-needs-record"
"""On an operation: does nothing unless the record that its body names is there."""
CREATES = "x-understudy-creates"
"""On an operation: makes a record under an identifier of the client's choice."""
DELETES = "x-understudy-deletes"
"""On an operation: removes the record that its request names, so that a run can clean up what it has made."""
KEY_USER = "x-understudy-key-user"
"""On a scheme of HTTP Basic: the user name that comes with an API key as password."""
