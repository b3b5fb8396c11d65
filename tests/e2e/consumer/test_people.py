"""What the job does with three vendors that behave, and that do not."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.e2e.consumer.people import NotPushedError, PeopleSync, Person
from understudy.client import Mock, NotVerifiedError

ADA = Person("ada.lovelace@example.com", "Ada", "GB")
AGAIN = Person(ADA.email, "Augusta", "GB")
WRITE = "createOrUpdateDataSubjectUsingPOST"


def test_a_new_person_is_created_everywhere(
    job: PeopleSync, onetrust: Mock, consentgrid: Mock, gainsight_px: Mock
) -> None:
    """Once with each vendor, after the update that Gainsight PX refuses."""
    job.push(ADA)
    assert onetrust.state["subjects"][ADA.email]["identifier"] == ADA.email
    consentgrid.journal.verify(operation="createOrUpdateSubject", status=201, at_most=1)
    gainsight_px.journal.verify(
        {"operation": "updateUser", "status": 404}, {"operation": "createUser", "status": 201}, in_order=True
    )


def test_a_person_who_is_there_is_updated(job: PeopleSync, onetrust: Mock, gainsight_px: Mock) -> None:
    """The second push creates nothing."""
    job.push(ADA)
    onetrust.journal.clear()
    job.push(AGAIN)
    onetrust.journal.verify(operation=WRITE, status=200, rule="OT-UPDATE-1", at_most=1)
    assert gainsight_px.state["users"][ADA.email]["fields"]["firstName"] == "Augusta"
    assert len(onetrust.journal.entries(status=201)) == 0


def test_the_job_waits_when_a_vendor_has_had_enough(job: PeopleSync, onetrust: Mock) -> None:
    """The quota is used up after three calls; Retry-After is obeyed, by the session's clock."""
    onetrust.quota(3, 60)
    before = onetrust.clock.now
    for number in range(4):
        job.to_onetrust(Person(f"{number}@example.com", "N", "NO"))
    assert onetrust.clock.now - before >= timedelta(seconds=1)
    onetrust.journal.verify(operation=WRITE, status=429)
    assert len(onetrust.state["subjects"]) == 4


def test_a_token_that_has_expired_is_replaced(job: PeopleSync, onetrust: Mock) -> None:
    """An hour later the vendor says 401; the job gets a new token and goes on."""
    job.to_onetrust(ADA)
    onetrust.clock.advance(timedelta(hours=2))
    job.to_onetrust(AGAIN)
    onetrust.journal.verify(
        {"operation": WRITE, "status": 401},
        {"operation": "GetOAuthToken"},
        {"operation": WRITE, "status": 200},
        in_order=True,
    )


@pytest.mark.parametrize("kind", ["reset", "close", "empty", "cut"])
def test_broken_connections_are_tried_again(kind: str, job: PeopleSync, consentgrid: Mock) -> None:
    """The subject is there once the vendor has come to itself."""
    consentgrid.fault(kind, operation="createOrUpdateSubject", times=2)
    job.to_consentgrid(ADA)
    assert f'["user", "{ADA.email}"]' in consentgrid.state["subjects"]


def test_a_vendor_that_is_down_is_reported(job: PeopleSync, gainsight_px: Mock) -> None:
    """After four attempts, with the vendor's words."""
    gainsight_px.fault("status", status=503, body="closed for repairs")
    with pytest.raises(NotPushedError, match="Gainsight PX answers 503: closed for repairs"):
        job.to_gainsight_px(ADA)
    gainsight_px.journal.verify(operation="updateUser", status=503, at_least=4, at_most=4)


def test_a_busy_moment_is_passed_over(job: PeopleSync, consentgrid: Mock) -> None:
    """One 503 with Retry-After, then the answer."""
    consentgrid.fault("status", status=503, headers={"Retry-After": "7"}, times=1)
    job.to_consentgrid(ADA)
    statuses = [entry["status"] for entry in consentgrid.journal]
    assert statuses == [503, 201]


def test_a_departure_from_the_documentation_does_no_harm(job: PeopleSync, onetrust: Mock) -> None:
    """A vendor that answers 200 on creation, against its own document."""
    onetrust.deviate("creation-answers-200")
    job.to_onetrust(ADA)
    onetrust.journal.verify(operation=WRITE, status=200)


def test_an_unknown_key_is_refused(job: PeopleSync, consentgrid: Mock) -> None:
    """A key that was taken back stops the job."""
    consentgrid.revoke(consentgrid.api_key)
    with pytest.raises(NotPushedError, match="ConsentGrid answers 403"):
        job.to_consentgrid(ADA)


@pytest.mark.understudy(switches={"consentgrid": {"bad-key": "401"}}, seed=7)
def test_a_switch_chooses_how_an_open_question_is_answered(job: PeopleSync, consentgrid: Mock) -> None:
    """The marker sets a switch of the test's session."""
    consentgrid.revoke(consentgrid.api_key)
    with pytest.raises(NotPushedError, match="ConsentGrid answers 401"):
        job.to_consentgrid(ADA)


def test_time_can_stand_still(onetrust: Mock, job: PeopleSync) -> None:
    """What was written at a frozen time bears it."""
    onetrust.clock.freeze(datetime(2026, 1, 31, 9, 30, tzinfo=UTC))
    job.to_onetrust(ADA)
    assert onetrust.state["subjects"][ADA.email]["created"].startswith("2026-01-31T09:30:00")


def test_what_is_missing_is_shown_with_what_came_nearest(job: PeopleSync, gainsight_px: Mock) -> None:
    """A verification that fails says in what the nearest call differs."""
    job.to_gainsight_px(ADA)
    with pytest.raises(NotVerifiedError, match="expected 'Augusta', was 'Ada'"):
        gainsight_px.journal.verify(operation="createUser", body={"firstName": "Augusta"})


def test_records_can_be_put_there_and_back(gainsight_px: Mock, job: PeopleSync) -> None:
    """State is JSON: a copy of a user under another name is a user."""
    job.to_gainsight_px(ADA)
    user = gainsight_px.state["users"][ADA.email]
    gainsight_px.session.snapshot("before")
    gainsight_px.seed({"users": {"bo@example.com": {**user, "identify_id": "bo@example.com", "number": 99}}})
    job.to_gainsight_px(Person("bo@example.com", "Bo", "NO"))
    gainsight_px.journal.verify(operation="updateUser", identifier="bo@example.com", status=204)
    gainsight_px.session.restore("before")
    assert "bo@example.com" not in gainsight_px.state["users"]


def test_clients_of_asyncio_have_the_same_mocks(consentgrid: Mock) -> None:
    """The mock runs in another process: no loop is in its way."""

    async def push() -> list[int]:
        async with httpx.AsyncClient(headers={"X-Consent-Key": consentgrid.api_key}) as client:
            url = f"{consentgrid.base_url}/v1/subjects/user/all@example.com"
            answers = await asyncio.gather(*(client.post(url, json={"data": {"n": n}}) for n in range(20)))
        return sorted(answer.status_code for answer in answers)

    assert asyncio.run(push()) == [200] * 19 + [201]


def test_nobody_else_is_in_the_session(onetrust: Mock, consentgrid: Mock) -> None:
    """However many tests use the server at the same moment."""
    assert (onetrust.state.get().get("subjects"), len(onetrust.journal)) == ({}, 0)
    assert consentgrid.state["subjects"].keys().isdisjoint([f'["user", "{ADA.email}"]'])
