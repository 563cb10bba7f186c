"""Findings come page by page, each once, whatever their number."""

import base64
from datetime import timedelta

import pytest

from tests.support.backend import ISSUER, NEW_YEAR, bearer
from wearable_agg.delivery.detection import Detection
from wearable_agg.delivery.findings import record_started
from wearable_agg.people import consents
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import writing

FINDINGS = "/api/v1/patient/findings"


@pytest.fixture
def findings(world):
    """Seven findings, two of them with the same onset; their ids."""
    with writing(world.engine) as connection:
        for patient in ("marit-solheim", "jonas-berg"):
            person = person_for(connection, "sandbox", ISSUER, patient, True, "Europe/Oslo")
            consents.record(connection, "sandbox", person, [consents.RHYTHM], "I agree")
        for number in range(7):
            record_started(connection, detection(number))
            connection.exec_driver_sql("UPDATE findings SET state = 'resolved'")
    return {row[0] for row in world.rows("SELECT id FROM findings")}


def detection(number):
    onset = NEW_YEAR + timedelta(hours=min(number, 5))
    return Detection(
        tenant="sandbox",
        person_id=1,
        stream=f"patch-{number}/I",
        device="Patch",
        onset=onset,
        detected_at=onset,
        end=onset,
        mean_rate=110.0,
        max_rate=140.0,
        coverage=0.9,
        decider="wristchart",
        decider_version="1",
        signal="ECG",
        strip=None,
    )


@pytest.fixture
def ask(world):
    client = world.api().test_client()

    def ask(query, patient="marit-solheim"):
        headers = bearer(world, "chart.read", patient=patient)
        return client.get(f"{FINDINGS}?{query}", headers=headers)

    return ask


def test_the_pages_together_are_the_list(ask, findings):
    seen, query = [], "limit=2"
    while query:
        page = ask(query).get_json()
        seen += page["findings"]
        query = page["next"] and f"limit=2&cursor={page['next']}"
    assert [one["id"] for one in seen] == [one["id"] for one in ask("").get_json()["findings"]]
    assert {one["id"] for one in seen} == findings
    assert len(seen) == 7


def test_a_cursor_tells_nothing_and_is_good_for_one_patient(ask, findings):
    cursor = ask("limit=2").get_json()["next"]
    assert not any(name.encode() in base64.urlsafe_b64decode(cursor) for name in findings)
    assert ask(f"cursor={cursor}").status_code == 200
    assert ask(f"cursor={cursor}", patient="jonas-berg").status_code == 400


@pytest.mark.parametrize("query", ["cursor=x", "cursor=AAAA", "limit=0", "limit=201", "limit=x"])
def test_a_page_that_is_none_is_refused(ask, findings, query):
    assert ask(query).get_json()["type"] == "urn:wristchart:problem:bad-request"
