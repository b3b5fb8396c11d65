"""Packs: found by name, read from their folders, and what is said of those that cannot be used."""

from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import pytest

from understudy import pack as packs
from understudy.errors import ContentError, UnderstudyError, UsageError
from understudy.model.behaviour import Behaviour
from understudy.pack import Pack, load_part

BUILT_IN = packs.load("onetrust")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy OneTrust's pack into a contract project of its own, which becomes the current directory."""
    for folder in ("specs", "mock"):
        copytree(BUILT_IN.root / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def edited(path: Path, old: str, new: str) -> None:
    """Replace something in a file, which must be there."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_pack_is_found_in_the_current_directory_first(project: Path) -> None:
    """Then among the built-in ones."""
    assert packs.load("onetrust").root == project
    assert "onetrust" in packs.names()


@pytest.mark.parametrize("vendor", ["", "nobody", "..", ".", "one/trust", "../specs/onetrust", "onetrust\n", "a b"])
def test_an_unknown_vendor_is_answered_with_the_known_ones(vendor: str) -> None:
    """Nor is a path a vendor."""
    with pytest.raises(UsageError, match=r"unknown vendor .*; use one of: .*\bonetrust\b"):
        packs.load(vendor)


def test_the_effective_document_has_all_overlays_the_judged_one_the_documented() -> None:
    """Core leaves out what stands on other pages; the vendored one is the vendor's."""
    full, core = BUILT_IN.judged("full").operations, BUILT_IN.judged("core").operations
    assert list(BUILT_IN.vendored.operations) == list(core) == ["createOrUpdateDataSubjectUsingPOST"]
    assert set(BUILT_IN.effective.operations) == set(full)
    declared = [
        document.operations["createOrUpdateDataSubjectUsingPOST"].statuses
        for document in (BUILT_IN.effective, BUILT_IN.judged("full"))
    ]
    assert declared[0] - declared[1] == {404, 405, 413, 415}


@pytest.mark.parametrize("ends", ["raise SystemExit(0)", "import sys; sys.exit(5)"])
def test_a_model_that_ends_the_process_cannot_be_loaded(project: Path, ends: str) -> None:
    """Else it would look like a verdict."""
    (project / "mock" / "onetrust.py").write_text(ends)
    with pytest.raises(ContentError, match=r"mock/onetrust.py:1.*the model cannot be loaded: SystemExit"):
        assert packs.load("onetrust").behaviour


def test_every_rule_cites_a_line() -> None:
    """Of the document, or of the overlay that quotes another page."""
    places = [str(BUILT_IN.cited_at(rule)) for rule in BUILT_IN.rules]
    assert all(":" in place and "(" in place for place in places)
    first = BUILT_IN.cited_at(BUILT_IN.rules.by_id["OT-HEAD-1"])
    line = BUILT_IN.source.content.decode().splitlines()[(first.line or 0) - 1]
    assert line.strip().startswith('"required": true')


def test_every_operation_is_declared_somewhere() -> None:
    """In the document, or in the overlay action that adds it, whose lines name its path."""
    write = BUILT_IN.declared_at("createOrUpdateDataSubjectUsingPOST")
    assert (write.path, write.line) == (BUILT_IN.source.path, 40)
    for operation in BUILT_IN.effective.operations.values():
        if operation.operation_id not in BUILT_IN.vendored.operations:
            where = BUILT_IN.declared_at(operation.operation_id)
            lines = Path(where.path).read_text().splitlines()[(where.line or 0) - 1 :]
            assert Path(where.path).name == "20-siblings.yaml"
            assert any(f"{operation.path}:" in line for line in lines[:12])


def test_the_documents_text_is_what_its_provenance_says() -> None:
    """Title, address, day and hash."""
    assert BUILT_IN.provenance.address.startswith("https://developer.onetrust.com/")


def oracle(root: Path, made: str) -> None:
    """Write a pack's part of model-based judging."""
    (root / "contracts/onetrust").mkdir(parents=True)
    text = f"from understudy.model.oracle import Listing, Oracle\n\noracle = {made}\n"
    (root / "contracts/onetrust/oracle.py").write_text(text)


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing document": (
        lambda root: (root / "specs/onetrust/openapi.json").unlink(),
        r"specs/onetrust: no openapi.json or openapi.yaml; vendor one: understudy vendor onetrust FILE",
    ),
    "edited document": (
        lambda root: edited(root / "specs/onetrust/openapi.json", "Bad Request", "Bad"),
        r"specs/onetrust/openapi.json: the document was changed after it was vendored \(SHA-256 .*\); restore it",
    ),
    "missing provenance": (
        lambda root: (root / "specs/onetrust/provenance.yaml").unlink(),
        r"cannot read specs/onetrust/provenance.yaml: No such file or directory; check the path",
    ),
    "overlay that is no YAML": (
        lambda root: edited(root / "specs/onetrust/overlays/30-links.yaml", "actions:", "actions: ["),
        r"specs/onetrust/overlays/30-links.yaml:\d+: not YAML: .*; mend the file",
    ),
    "overlay with an unknown key": (
        lambda root: edited(root / "specs/onetrust/overlays/30-links.yaml", "    update:", "    updates:"),
        r"specs/onetrust/overlays/30-links.yaml:\d+ \(/actions/0/updates\): action 0 has an unknown key 'updates'.*;",
    ),
    "overlay that matches nothing": (
        lambda root: edited(root / "specs/onetrust/overlays/30-links.yaml", "['200', '201']", "['299']"),
        r"specs/onetrust/overlays/30-links.yaml:7 \(/actions/0/target\): target .* matches nothing; mend the target",
    ),
    "overlay that breaks the document": (
        lambda root: edited(root / "specs/onetrust/overlays/20-siblings.yaml", "security: []", "security: 7"),
        r"specs/onetrust \(/.*\): the effective document of onetrust is not valid OpenAPI: .*; see it with",
    ),
    "overlay with a reference to nothing": (
        lambda root: edited(
            root / "specs/onetrust/overlays/20-siblings.yaml",
            "- $ref: '#/components/parameters/Identifier'",
            "- $ref: '#/components/parameters/No'",
        ),
        r"the reference '/components/parameters/No' leads nowhere",
    ),
    "rules file of another form": (
        lambda root: edited(root / "specs/onetrust/rules.yaml", "basis: documented", "basis: certain"),
        r"specs/onetrust/rules.yaml:\d+ \(/rules/0/basis\): .*certain",
    ),
    "rule on no operation": (
        lambda root: edited(root / "specs/onetrust/rules.yaml", "operation: createOr", "operation: creatOr"),
        r"specs/onetrust/rules.yaml:\d+ \(/rules/0/operation\): OT-ROUTE-1: no operation .*; use an operationId",
    ),
    "rule that cites nothing": (
        lambda root: edited(root / "specs/onetrust/rules.yaml", "parameters/0/required", "parameters/7/required"),
        r"specs/onetrust/rules.yaml:\d+ \(/rules/1/citation\): OT-HEAD-1 cites /paths.*, where nothing is; correct",
    ),
    "rule that cites no action": (
        lambda root: edited(root / "specs/onetrust/rules.yaml", "action: 2", "action: 99"),
        r"specs/onetrust/rules.yaml:\d+ \(.*\): .* cites an overlay action that is not there; actions are counted",
    ),
    "missing rules": (
        lambda root: (root / "specs/onetrust/rules.yaml").unlink(),
        r"cannot read specs/onetrust/rules.yaml",
    ),
    "missing model": (
        lambda root: (root / "mock/onetrust.py").unlink(),
        r"mock/onetrust.py: there is no model; write one",
    ),
    "model that does not compile": (
        lambda root: edited(root / "mock/onetrust.py", "HOUR, MINUTE =", "HOUR, MINUTE = ("),
        r"mock/onetrust.py:\d+: the model cannot be loaded: SyntaxError.*; mend the file",
    ),
    "model that fails": (
        lambda root: edited(root / "mock/onetrust.py", "HOUR, MINUTE =", "1 / 0\nHOUR, MINUTE ="),
        r"mock/onetrust.py:\d+: the model cannot be loaded: ZeroDivisionError.*; mend the file",
    ),
    "oracle on no operation": (
        lambda root: oracle(root, 'Oracle(generated={"nobody": ()})'),
        r"contracts/onetrust/oracle.py: the oracle names 'nobody', which is neither an operation nor a rule; use",
    ),
    "oracle that lists what nothing compares": (
        lambda root: oracle(root, 'Oracle(listing=Listing("getDataSubjectsUsingGET", lambda slot: {}))'),
        r"contracts/onetrust/oracle.py: nothing compares the answers of 'getDataSubjectsUsingGET', .*; register",
    ),
    "model without behaviour": (
        lambda root: (root / "mock/onetrust.py").write_text("x = 1\n"),
        r"mock/onetrust.py: the model makes no `behaviour`; add behaviour = Behaviour\(...\)",
    ),
}


@pytest.mark.parametrize("mistake", BROKEN)
def test_a_mistake_in_a_pack_is_told_with_place_and_remedy(project: Path, mistake: str) -> None:
    """In one line: what, where, what to do."""
    make, told = BROKEN[mistake]
    make(project)
    with pytest.raises(ContentError, match=told) as caught:
        whole(packs.load("onetrust"))
    assert "\n" not in str(caught.value)


def whole(pack: Pack) -> None:
    """Read everything of a pack."""
    assert pack.effective
    assert pack.rules
    assert pack.behaviour
    assert pack.oracle is None or pack.oracle.comparisons


def test_a_model_is_loaded_by_its_path_alone(tmp_path: Path) -> None:
    """Two of the same name do not hide each other, and nothing is found through sys.path."""
    text = "from understudy.model.behaviour import Behaviour\nbehaviour = Behaviour(('{}',), ())\n"
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "toy.py").write_text(text.format(name))
    loaded = [load_part(tmp_path / name / "toy.py", "model", "behaviour", Behaviour) for name in "ab"]
    assert [behaviour.full for behaviour in loaded] == [("a",), ("b",)]


def test_errors_of_a_pack_are_of_one_tree(project: Path) -> None:
    """So that one clause catches them."""
    (project / "mock" / "onetrust.py").unlink()
    with pytest.raises(UnderstudyError):
        whole(packs.load("onetrust"))


def test_a_project_without_packs_has_the_built_in_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From any directory."""
    monkeypatch.chdir(tmp_path)
    assert packs.load("onetrust").root == BUILT_IN.root
    assert isinstance(BUILT_IN.scenarios, tuple)
