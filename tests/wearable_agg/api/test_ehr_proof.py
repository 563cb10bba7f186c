"""The hospital's word on who signed in lets the invited patient in, and nobody else."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from safeguards.assertions import Signer
from tests.support.backend import asking, bearer, open_world

AUDIENCE = "wristchart-link"


@pytest.fixture
def world(tmp_path):
    """A backend of a hospital whose patients prove who they are by its own sign-in."""
    opened = open_world(tmp_path)
    tenants = tuple(replace(one, patient_proof="ehr") for one in opened.settings.tenants)
    opened.settings = replace(opened.settings, tenants=tenants)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def browser(world):
    return world.api().test_client()


@pytest.fixture
def invitation(world, browser):
    headers = {"Idempotency-Key": "invite-0001", **bearer(world, "people.invite")}
    made = browser.post("/api/v1/patient/invitations", headers=headers, json={}).get_json()
    assert made["code"] == ""
    return made["url"].removeprefix("http://127.0.0.1:8411")


def errand(browser, path):
    answer = browser.get(path)
    assert answer.headers["Location"].startswith("http://127.0.0.1:8410/identify/sandbox?")
    [state] = parse_qs(urlsplit(answer.headers["Location"]).query)["errand"]
    return state


def come_back(world, browser, state, patient="marit-solheim", scope="patient.prove"):
    asker = replace(asking(scope, patient=patient), context=state)
    proof = Signer.open(world.settings.keys).sign(asker, AUDIENCE)
    return browser.get("/link/identified", query_string={"proof": proof})


def test_the_invited_patient_is_let_in_once(world, browser, invitation):
    state = errand(browser, f"{invitation}/sign-in")
    assert come_back(world, browser, state).headers["Location"] == "/link/me"
    assert browser.get("/link/me").status_code == 200
    assert browser.get(invitation).status_code == 410
    assert come_back(world, browser, state).status_code == 400


def test_another_patient_is_refused_and_the_invitation_stays(world, browser, invitation):
    state = errand(browser, f"{invitation}/sign-in")
    answer = come_back(world, browser, state, patient="jonas-berg")
    assert answer.status_code == 403
    assert browser.get("/link/me").status_code == 403
    assert browser.get(invitation).status_code == 200
    assert ("invitation.stranger",) in world.rows("SELECT action FROM audit")


def test_another_browser_cannot_come_back(world, browser, invitation):
    state = errand(browser, f"{invitation}/sign-in")
    assert come_back(world, world.api().test_client(), state).status_code == 400


@pytest.mark.parametrize("changes", [{"scope": "chart.read"}, {"state": "forged"}])
def test_another_word_proves_nothing(world, browser, invitation, changes):
    state = errand(browser, f"{invitation}/sign-in")
    assert come_back(world, browser, changes.pop("state", state), **changes).status_code == 400


def test_who_was_enrolled_comes_again_without_an_invitation(world, browser, invitation):
    come_back(world, browser, errand(browser, f"{invitation}/sign-in"))
    later = world.api().test_client()
    answer = come_back(world, later, errand(later, "/link/again/sandbox"))
    assert answer.headers["Location"] == "/link/me"


def test_who_was_never_invited_does_not_come_again(world, browser):
    state = errand(browser, "/link/again/sandbox")
    assert come_back(world, browser, state).status_code == 403


def test_a_date_of_birth_is_no_proof_here(browser, invitation):
    told = {"birth_date": "1958-03-14", "code": ""}
    assert browser.post(f"{invitation}/proof", data=told).status_code == 403
