"""An HTTP Archive that grows call by call, and is whole after each of them."""

import json
import os
from errno import ENOSPC
from pathlib import Path

from understudy import har
from understudy.errors import UsageError, shown


class Recording:
    """A file that calls are appended to."""

    def __init__(self, path: Path) -> None:
        """Make the file; raises UsageError where there is one already, or none can be made."""
        head, _, tail = json.dumps(har.archive(())).rpartition("]")
        self._tail = f"\n]{tail}\n".encode()
        self.calls = 0
        """How many there are in it."""
        try:
            self._file = path.open("xb", buffering=0)
            self._file.write(head.encode() + self._tail)
        except FileExistsError as error:
            todo = "name another file, or remove it"
            raise UsageError("the recording is there already", where=shown(path), todo=todo) from error
        except OSError as error:
            todo = "name a file that can be written"
            raise UsageError(f"cannot record: {error.strerror}", where=shown(path), todo=todo) from error

    def add(self, call: har.Recorded) -> None:
        """Append a call; raises OSError where the file does not take it, which then is as it was."""
        entry = json.dumps(call.as_json()).encode("ascii")
        start = self._file.seek(-len(self._tail), 2)
        comma = b"," if self.calls else b""
        content = comma + b"\n" + entry + self._tail
        try:
            whole = self._file.write(content) == len(content)
        except OSError:
            self._restore(start)
            raise
        if not whole:
            self._restore(start)
            raise OSError(ENOSPC, os.strerror(ENOSPC))
        self.calls += 1

    def _restore(self, start: int) -> None:
        self._file.seek(start)
        self._file.truncate()
        self._file.write(self._tail)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
