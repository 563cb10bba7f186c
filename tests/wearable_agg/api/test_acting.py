import pytest

from safeguards.assertions import Verifier
from tests.support.backend import PATIENT, bearer
from wearable_agg.people import consents
from wearable_agg.store.database import writing

BASE = "/api/v1/patient"
KEY = {"Idempotency-Key": "request-0001"}
BORN = {"birth_date": "1958-03-14"}


def acknowledge(post, finding, version=1, headers=KEY, **changes):
    path = f"/findings/{finding}/decisions"
    json = {
        "decision": "acknowledged",
        "note": "seen",
        "version": version,
        **changes.pop("json", {}),
    }
    return post(
        path, *changes.pop("scopes", ("finding.act",)), json=json, headers=headers, **changes
    )


def test_a_finding_is_read_with_its_strip(world, finding):
    client = world.api().test_client()
    signed = bearer(world, "chart.read")
    [shown] = client.get(f"{BASE}/findings", headers=signed).get_json()["findings"]
    strip = client.get(f"{BASE}/findings/{shown['id']}/strip", headers=signed).get_json()
    assert (strip["unit"], strip["samples"][:3]) == ("uV", [0.0, 2.5, 5.0])


def test_a_finding_is_read_with_its_beats(world, finding):
    client, signed = world.api().test_client(), bearer(world, "chart.read")
    path = f"{BASE}/findings/{finding}/beats"
    told = client.get(path, headers=signed).get_json()
    assert told["unit"] == "ms"
    assert told["beats"] == [[0, None, None], [800, 800, True], [5000, None, False]]
    other = bearer(world, "chart.read", patient="jonas-berg")
    assert client.get(path, headers=other).status_code == 404
    with writing(world.engine) as connection:
        consents.revoke(connection, 1, [consents.RHYTHM])
    assert client.get(path, headers=signed).status_code == 403


def test_an_acknowledgement_names_who_and_is_recorded_once(world, post, finding):
    first, again = (acknowledge(post, finding) for _ in range(2))
    assert first.get_json()["decisions"][0]["name"] == "Dr Ingrid Lind"
    assert again.get_json() == first.get_json()
    assert world.rows("SELECT count(*) FROM decisions") == [(1,)]


def test_a_stale_version_is_a_conflict(post, finding):
    acknowledge(post, finding)
    later = acknowledge(post, finding, headers={"Idempotency-Key": "request-0002"})
    assert later.status_code == 409


def test_what_cannot_be_decided_as_it_stands_is_a_conflict(post, finding):
    answer = acknowledge(post, finding, json={"decision": "reopened"})
    assert (answer.status_code, answer.get_json()["type"].rpartition(":")[2]) == (409, "stale")


def test_another_patients_finding_is_not_found(post, finding):
    assert acknowledge(post, finding, patient="jonas-berg").status_code == 404


def test_acknowledging_needs_its_scope(post, finding):
    assert acknowledge(post, finding, scopes=("chart.read",)).status_code == 403


@pytest.mark.parametrize(
    ("json", "headers"),
    [
        ({"version": "1"}, KEY),
        ({"version": True}, KEY),
        ({"note": 5}, KEY),
        ({"decision": "forgotten"}, KEY),
        ({"decision": "commented", "note": " "}, KEY),
        ({"note": "x" * 2001}, KEY),
        ({}, {}),
        ({}, {"Idempotency-Key": "short"}),
    ],
)
def test_an_unclear_acknowledgement_is_refused(post, finding, json, headers):
    assert acknowledge(post, finding, json=json, headers=headers).status_code == 400


def test_an_invitation_is_an_address_of_ours(post):
    made = post("/invitations", "people.invite", json=BORN)
    assert made.status_code == 201
    assert made.get_json()["url"].startswith("http://127.0.0.1:8411/link/")


@pytest.mark.parametrize("path", ["/invitations", "/ecg-tokens"])
def test_acts_need_their_scopes(post, path):
    assert post(path, "chart.read", "finding.act").status_code == 403


def test_an_ecg_token_speaks_for_this_patients_stream_only(world, post):
    made = post("/ecg-tokens", "ecg.write", "chart.read").get_json()
    asker = Verifier.open(world.settings.keys).verify(made["token"], "wristchart-gateway")
    assert (asker.patient, asker.scopes) == (PATIENT, {"ecg.write"})
    assert made["url"] == "ws://127.0.0.1:8412/ecg"
    assert world.rows("SELECT patient_id FROM ehr_patients") == [(PATIENT,)]


def test_each_act_is_recorded(world, post):
    post("/invitations", "people.invite", json=BORN)
    post("/ecg-tokens", "ecg.write")
    assert world.rows("SELECT action FROM audit") == [("invitation.made",), ("ecg-token.made",)]
