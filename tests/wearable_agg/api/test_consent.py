"""What the patient does not allow is not shown, and says so."""

import json
import time

import pytest
from fhir.resources.R4B.consent import Consent

from tests.support.backend import EVERY_TOPIC, bearer, link_person, notice, signature
from wearable_agg.people import consents
from wearable_agg.people.work_items import SHARED_ACCOUNT, open_item
from wearable_agg.store.database import writing

BASE = "/api/v1/patient"
YEAR = "from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z"
SEEN = {"decision": "acknowledged", "version": 1}
NO_CONSENT = "urn:wristchart:problem:no-consent"


@pytest.fixture
def ask(world):
    client = world.api().test_client()

    def ask(path, headers=None):
        return client.get(BASE + path, headers={**bearer(world, "chart.read"), **(headers or {})})

    return ask


def revoke(world, *topics):
    with writing(world.engine) as connection:
        consents.revoke(connection, 1, topics)


@pytest.mark.parametrize("path", ["/findings", "/findings/{}/strip", f"/rhythm?{YEAR}"])
def test_rhythm_that_is_not_shared_is_not_shown(world, ask, finding, path):
    path = path.format(finding)
    assert ask(path).status_code == 200
    revoke(world, "rhythm")
    assert ask(path).get_json()["type"] == NO_CONSENT


def test_a_finding_that_is_not_shared_cannot_be_acted_on(world, post, finding):
    revoke(world, "rhythm")
    path = f"/findings/{finding}/decisions"
    assert post(path, "finding.act", json=SEEN).get_json()["type"] == NO_CONSENT


def test_an_answer_known_before_is_not_confirmed_after_consent_has_gone(world, ask, finding):
    known = ask("/findings").headers["ETag"]
    assert ask("/findings", {"If-None-Match": known}).status_code == 304
    revoke(world, "rhythm")
    assert ask("/findings", {"If-None-Match": known}).status_code == 403


def test_consent_is_a_fhir_consent_with_a_provision_for_each_type(world, ask, linked):
    revoke(world, "sleep")
    answer = ask("/consent")
    assert answer.mimetype == "application/fhir+json"
    Consent.model_validate(json.loads(answer.data))
    document = answer.get_json()
    kinds = {
        one["code"][-1]["text"]: (one["type"], one["purpose"][0]["code"])
        for one in document["provision"]["provision"]
    }
    assert set(kinds) == set(EVERY_TOPIC)
    assert (kinds["heart_rate"], kinds["sleep"]) == (("permit", "TREAT"), ("deny", "TREAT"))
    assert document["status"] == "active"
    assert document["patient"]["reference"].endswith("Patient/marit-solheim")


def test_who_said_nothing_has_no_consent(ask):
    assert ask("/consent").status_code == 404


def test_consent_withdrawn_altogether_is_inactive_and_unlinks(world, post, ask, linked):
    answer = post("/consent/withdrawal", "consent.revoke", json={})
    assert answer.get_json() == {"topics": []}
    assert ask("/consent").get_json()["status"] == "inactive"
    assert world.rows("SELECT status FROM vendor_accounts") == [("unlinked",)]
    assert world.rows("SELECT kind FROM sync_jobs") == [("@revoke",)]


def test_withdrawal_holds_within_a_second(world, post, ask, finding):
    began = time.monotonic()
    post("/consent/withdrawal", "consent.revoke", json={"topics": ["rhythm"]})
    assert ask("/findings").status_code == 403
    assert time.monotonic() - began < 1


def test_a_topic_nobody_knows_is_refused(post, linked):
    answer = post("/consent/withdrawal", "consent.revoke", json={"topics": ["gossip"]})
    assert answer.status_code == 400


def test_a_webhook_about_somebody_who_withdrew_is_dropped_and_recorded(world, post, linked):
    post("/consent/withdrawal", "consent.revoke", json={})
    raw = notice()
    client = world.api().test_client()
    client.post("/webhooks/band", data=raw, headers={"X-Signature": signature(world.band.key, raw)})
    world.worker().step()
    assert world.rows("SELECT kind FROM sync_jobs") == [("@revoke",)]
    assert ("notification.dropped",) in world.rows("SELECT action FROM audit")


def test_the_care_team_sees_and_settles_what_is_open(world, ask, post):
    link_person(world)
    with writing(world.engine) as connection:
        for _ in range(2):
            open_item(connection, "sandbox", 1, SHARED_ACCOUNT, "band")
    [item] = ask("/work-items").get_json()["items"]
    assert (item["kind"], item["name"]) == (SHARED_ACCOUNT, "Band")
    settled = post(f"/work-items/{item['id']}/settlement", "people.invite")
    assert settled.get_json() == {"items": []}
    again = post(f"/work-items/{item['id']}/settlement", "people.invite")
    assert again.status_code == 404
    assert world.rows("SELECT settled_by_name FROM work_items") == [("Dr Ingrid Lind",)]
