"""Seed data: calls that a fresh session plays, checked like any request; a mistake is told with file and line."""

import re
from pathlib import Path

import pytest

from tests.mock.exchange import DETAILS, FULL, call, onetrust, served, write
from understudy import pack as packs
from understudy.credentials import FULL as FULL_KEY
from understudy.errors import ContentError
from understudy.mock.session import Session
from understudy.mock.settings import Settings
from understudy.model.seed import Seed, load

WRITE = "createOrUpdateDataSubjectUsingPOST"
ADA = f"""vendor: onetrust
calls:
  - operation: {WRITE}
    header: {{dataSubjectIdentifier: ada@example.com}}
    body: {{dataElements: [{{name: Country, value: Norway}}]}}
"""


def seed(folder: Path, text: str) -> Seed:
    (folder / "seed.yaml").write_text(text)
    return load(folder / "seed.yaml")


def test_a_fresh_session_holds_the_seed_data(tmp_path: Path) -> None:
    """The record can be read, and updating it is no creation."""
    sown = Settings(seed=1, seed_data={"onetrust": seed(tmp_path, ADA)})
    with served(onetrust(), sown) as url:
        details = call(url, "GET", DETAILS, FULL, ("identifier", "ada@example.com"))
        assert details.json["dataElements"] == [{"name": "Country", "linked": False, "value": "Norway"}]
        assert write(url, "ada@example.com", {}).status == 200


def test_seed_data_does_not_change_the_ids_that_follow(tmp_path: Path) -> None:
    """Otherwise a further record would change every recorded answer."""
    ids = []
    for settings in (Settings(seed=1), Settings(seed=1, seed_data={"onetrust": seed(tmp_path, ADA)})):
        with served(onetrust(), settings) as url:
            ids.append(write(url, "bob@example.com", {}).json["id"])
    assert ids[0] == ids[1]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (WRITE, "nothing", "seed.yaml:3.*onetrust has no operation 'nothing'"),
        (
            "dataSubjectIdentifier: ada@example.com",
            "",
            "seed.yaml:3.*header parameter dataSubjectIdentifier is missing",
        ),
        ("value: Norway", "linked: 7", "seed.yaml:3.*the body: .* at /dataElements/0/linked"),
        ("    body: {dataElements: [{name: Country, value: Norway}]}\n", "", "seed.yaml:3.*the body is missing"),
        (
            "dataSubjectIdentifier",
            "dataSubjectidentifier",
            "seed.yaml:3.*has no header parameter dataSubjectidentifier",
        ),
        (
            f"operation: {WRITE}\n    header: {{dataSubjectIdentifier: ada@example.com}}",
            "operation: deleteDataSubjectUsingDELETE",
            "seed.yaml:3.*'?\"?retainReceipts",
        ),
    ],
)
def test_a_call_that_cannot_be_played_is_told_with_its_line(old: str, new: str, told: str, tmp_path: Path) -> None:
    """At start, not on the first request."""
    with pytest.raises(ContentError, match=told):
        Session(onetrust(), Settings(seed_data={"onetrust": seed(tmp_path, ADA.replace(old, new))}))


def test_a_call_that_the_model_refuses_is_told_with_its_status(tmp_path: Path) -> None:
    """Seed data that is not there would be missed much later."""
    delete = "{operation: deleteDataSubjectUsingDELETE, body: {identifier: nobody, retainReceipts: true}}"
    text = f"vendor: onetrust\ncalls: [{delete}]\n"
    with pytest.raises(ContentError, match=r"refuses deleteDataSubjectUsingDELETE with 404 \(Data subject not found\)"):
        Session(onetrust(), Settings(seed_data={"onetrust": seed(tmp_path, text)}))


@pytest.mark.parametrize("text", ["calls: []", "vendor: x\ncalls: [{op: y}]", "vendor: x\ncalls: {}", "[]"])
def test_a_file_of_another_form_is_told(text: str, tmp_path: Path) -> None:
    """With what a seed file has."""
    with pytest.raises(ContentError, match=re.escape("a seed file has `vendor` and `calls`")):
        seed(tmp_path, text)


def test_the_seed_data_that_the_readme_shows_is_taken(tmp_path: Path) -> None:
    """Its user can be read."""
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    (shown,) = re.findall(r"```yaml\n(vendor: .*?)```", readme, re.DOTALL)
    sown = Settings(seed_data={"gainsight_px": seed(tmp_path, shown)})
    with served(packs.load("gainsight_px"), sown) as url:
        answer = call(url, "GET", "/v1/users/ada@example.com", ("X-APTRINSIC-API-KEY", FULL_KEY))
    assert answer.json["firstName"] == "Ada"
