"""A pack: what understudy knows of one vendor, found by name and read from its folders.

`specs/<vendor>/`, `mock/<vendor>.py` and `contracts/<vendor>/` of the current directory come first, then built-in ones.
"""

import importlib.util
import json
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import sha256
from operator import is_
from pathlib import Path
from typing import TypeVar

from understudy import folders
from understudy.errors import ContentError, UsageError, Where, told
from understudy.model.behaviour import Behaviour
from understudy.model.derived import derived
from understudy.model.deviation import Deviations
from understudy.model.oracle import Oracle
from understudy.model.seed import Seed
from understudy.model.seed import load as load_seed
from understudy.spec import overlay, provenance, validity
from understudy.spec.document import Document
from understudy.spec.rules import Rule, Rules
from understudy.spec.rules import load as load_rules
from understudy.spec.source import Source
from understudy.values import Json, at, join

Part = TypeVar("Part")

roots, names = folders.roots, folders.names

SCOPES = ("core", "full")
NAME = re.compile(r"\w[\w.-]*")
"""What a vendor may be called: a folder's name that is a segment of a URL as well."""


@dataclass(frozen=True)
class Pack:
    """One vendor's pack; everything is read on first use and then kept."""

    vendor: str
    root: Path

    @property
    def specs(self) -> Path:
        """The folder of document, provenance, overlays and rules."""
        return self.root / "specs" / self.vendor

    @property
    def contracts(self) -> Path:
        """The folder of scenarios."""
        return self.root / "contracts" / self.vendor

    @cached_property
    def _vendored(self) -> tuple[Source, provenance.Provenance]:
        return provenance.load(self.specs)

    @property
    def source(self) -> Source:
        """The vendored document's file, its hash checked."""
        return self._vendored[0]

    @property
    def provenance(self) -> provenance.Provenance:
        """Where the document comes from."""
        return self._vendored[1]

    @cached_property
    def overlays(self) -> tuple[overlay.Overlay, ...]:
        """The overlays, in the order of their file names."""
        return tuple(overlay.load(path) for path in sorted((self.specs / "overlays").glob("*.yaml")))

    @cached_property
    def vendored(self) -> Document:
        """The document as the vendor wrote it."""
        return Document(self.source.value)

    @cached_property
    def effective(self) -> Document:
        """The document with all overlays: what the mock plays."""
        value = self.source.value
        for each in self.overlays:
            for action in each.actions:  # one at a time: what a later action says of the wrong value would mislead
                value, unmatched = overlay.apply(value, each, keep=partial(is_, action))
                if unmatched:
                    raise overlay.unmatched_error(each, action)
        self._check(value)
        return Document(value)

    @cached_property
    def key_names(self) -> tuple[str, ...]:
        """The names of headers, cookies and parameters by which the document has keys sent."""
        schemes = self.effective.value.get("components", {}).get("securitySchemes", {}).values()
        return tuple(scheme["name"] for scheme in schemes if scheme.get("type") == "apiKey")

    def judged(self, scope: str) -> Document:
        """Return the document with the overlay actions of documented basis alone: what a target is held to.

        In the scope `core`, actions that stand on another page of the vendor's are left out too.
        """
        return self._judged_full if scope == "full" else self._judged_core

    @cached_property
    def _judged_core(self) -> Document:
        return Document(self._overlaid(lambda action: action.basis == "documented" and action.source is None))

    @cached_property
    def _judged_full(self) -> Document:
        return Document(self._overlaid(lambda action: action.basis == "documented"))

    def _overlaid(self, keep: Callable[[overlay.Action], bool]) -> Json:
        value = self.source.value
        for each in self.overlays:
            value, _ = overlay.apply(value, each, keep=keep)
        return value

    def _check(self, value: Json) -> None:
        pointer, reason = validity.fault(json.dumps(value))
        if reason:
            raise ContentError(
                f"the effective document of {self.vendor} is not valid OpenAPI: {reason}",
                where=Where(self.specs, pointer=pointer or None),
                todo=f"see it with: understudy spec {self.vendor}",
            )

    @cached_property
    def rules(self) -> Rules:
        """The pack's rules; raises ContentError where one is on no operation or its citation leads nowhere."""
        rules = load_rules(self.specs / "rules.yaml")
        for rule in rules.by_id.values():
            if rule.operation not in self.effective.operations:
                raise rules.source.error(
                    f"{rule.id}: no operation {rule.operation!r}", f"{rule.pointer}/operation", "use an operationId"
                )
            self._cited(rules, rule)
        return rules

    def declared_at(self, operation_id: str | None) -> Where:
        """Return file, line and pointer of the operation: in the document, or of the overlay action that adds it."""
        return self._declared.get(operation_id or "") or self.source.where("")

    @cached_property
    def _declared(self) -> Mapping[str, Where]:
        places = {known: self.source.where(each.pointer) for known, each in self.vendored.operations.items()}
        value = self.source.value
        for each in self.overlays:
            for action in each.actions:
                value, _ = overlay.apply(value, each, keep=partial(is_, action))
                where = each.source.where(join("actions", action.index))
                places |= {known: where for known in Document(value).operations if known not in places}
        return places

    def cited_at(self, rule: Rule) -> Where:
        """Return file, line and pointer of what a rule cites."""
        file, pointer = self._cited(self.rules, rule)
        return file.where(pointer)

    def _cited(self, rules: Rules, rule: Rule) -> tuple[Source, str]:
        citation = rule.citation
        document, file, pointer = self.vendored, self.source, citation.pointer
        if citation.overlay is not None:
            document = self.effective
            each = next((each for each in self.overlays if each.source.path.name == citation.overlay), None)
            if each is None or citation.action is None or citation.action >= len(each.actions):
                what = f"{rule.id} cites an overlay action that is not there"
                raise rules.source.error(what, f"{rule.pointer}/citation", "actions are counted from 0")
            file, pointer = each.source, f"/actions/{citation.action}"
        try:
            at(document.value, citation.pointer)
        except KeyError as error:
            what = f"{rule.id} cites {citation.pointer}, where nothing is"
            raise rules.source.error(what, f"{rule.pointer}/citation", "correct the pointer") from error
        return file, pointer

    @property
    def model(self) -> Path:
        """The file of the model."""
        return self.root / "mock" / f"{self.vendor}.py"

    @cached_property
    def behaviour(self) -> Behaviour:
        """The behaviour that the model file makes."""
        return load_part(self.model, "model", "behaviour", Behaviour)

    @cached_property
    def oracle(self) -> Oracle | None:
        """The pack's part of model-based judging, from `contracts/<vendor>/oracle.py`; None where there is no file."""
        path = self.contracts / "oracle.py"
        if not path.is_file():
            return None
        oracle = load_part(path, "oracle", "oracle", Oracle)
        named = {*oracle.comparisons, *oracle.surveyed, *oracle.generated, *(oracle.reading or ())[:1]}
        unknown = sorted(named - set(self.effective.operations))
        unknown += [oracle.exact] if oracle.exact and oracle.exact not in self.rules.by_id else []
        if unknown:
            what = f"the oracle names {unknown[0]!r}, which is neither an operation nor a rule"
            raise ContentError(what, where=Where(path), todo="use an operationId, or the id of a rule")
        if oracle.listing is not None and oracle.listing.operation_id not in {*oracle.comparisons, *oracle.surveyed}:
            what = f"nothing compares the answers of {oracle.listing.operation_id!r}, which lists records"
            raise ContentError(what, where=Where(path), todo="register what does with @oracle.compares")
        return oracle

    @cached_property
    def deviations(self) -> Deviations:
        """The departures that the mock can play: those of `contracts/<vendor>/deviations.py`, then the derived ones.

        Raises ContentError where one is of no rule or operation of the pack's.
        """
        path = self.contracts / "deviations.py"
        found = Deviations()
        if path.is_file():
            own = load_part(path, "deviations", "deviations", Deviations)
            found = Deviations(own.unbreakable)
            for each in own:
                found.add(each)
        named = {name for each in found for name in (each.rule, *each.beside)} | set(found.unbreakable)
        operations = {name for each in found for name in each.operations}
        unknown = sorted(named - set(self.rules.by_id)) + sorted(operations - set(self.effective.operations))
        if unknown:
            what = f"the deviations name {unknown[0]!r}, which is neither a rule nor an operation"
            raise ContentError(what, where=Where(path), todo="use the id of a rule, or an operationId")
        for each in derived(self.judged("full"), self.rules):
            found.add(each)
        return found

    @cached_property
    def seed(self) -> Seed | None:
        """What a fresh session of the mock holds, from `mock/<vendor>.seed.yaml`; None where there is no such file."""
        path = self.root / "mock" / f"{self.vendor}.seed.yaml"
        return load_seed(path) if path.is_file() else None

    @cached_property
    def scenarios(self) -> tuple[Path, ...]:
        """The Arazzo files, in the order of their names."""
        return tuple(sorted(self.contracts.glob("*.arazzo.yaml")))


def load(vendor: str) -> Pack:
    """Return the pack of a vendor; raises UsageError that lists the known ones where there is none."""
    for root in roots():
        if NAME.fullmatch(vendor) and (root / "specs" / vendor).is_dir():
            return Pack(vendor, root)
    raise UsageError(f"unknown vendor {vendor!r}", todo=f"use one of: {', '.join(names()) or 'none found'}")


def load_part(path: Path, what: str, name: str, kind: type[Part]) -> Part:
    """Load a Python file of a pack, its `what`, by its path and return the thing in it that is called `name`.

    Raises ContentError with its line where it does not load, or makes no such thing.
    """
    key = f"understudy_{what}_{path.stem}_{sha256(str(path).encode()).hexdigest()[:8]}"
    if not path.is_file():
        raise ContentError(
            f"there is no {what}", where=Where(path), todo="write one, see docs/ARCHITECTURE.md of understudy"
        )
    spec = importlib.util.spec_from_file_location(key, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[key] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a file that ends the process would look like a verdict
        del sys.modules[key]
        where = Where(path, _line(error, path))
        raise ContentError(f"the {what} cannot be loaded: {told(error)}", where=where, todo="mend the file") from error
    made = getattr(module, name, None)
    if not isinstance(made, kind):
        todo = f"add {name} = {kind.__name__}(...)"
        raise ContentError(f"the {what} makes no `{name}`", where=Where(path), todo=todo)
    return made


def _line(error: BaseException, path: Path) -> int | None:
    frames = reversed(traceback.extract_tb(error.__traceback__))
    line: int | None = getattr(error, "lineno", None)
    return line or next((frame.lineno for frame in frames if frame.filename == str(path)), None)
