"""Scopes, patient compartment and token life are enforced on every interaction."""

from __future__ import annotations

import time

import pytest
import requests
from ehr_visitor import Fhir, flag


@pytest.mark.parametrize("path", ["metadata", ".well-known/smart-configuration"])
def test_discovery_is_open(ehr, path):
    assert requests.get(f"{ehr.base}/{path}", timeout=5).status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer made-up", "Basic eDp5"])
def test_without_a_valid_token_there_is_no_data(ehr, header):
    headers = {"Authorization": header} if header else {}
    answer = requests.get(f"{ehr.base}/Patient/marit-solheim", headers=headers, timeout=5)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_a_token_in_the_address_is_not_looked_at(ehr):
    token = ehr.sign_in()["access_token"]
    answer = requests.get(f"{ehr.base}/Patient?access_token={token}", timeout=5)
    assert answer.status_code == 401


def test_access_tokens_expire(own_ehr):
    reader = own_ehr.reader()
    own_ehr.clock.forward(seconds=901)
    assert reader.get("Patient/marit-solheim").status_code == 401


def test_token_life_is_set_per_client(own_ehr):
    backend = own_ehr.backend("brief")
    own_ehr.clock.forward(seconds=2)
    assert backend.get("Flag").status_code == 401


def test_a_refresh_token_is_no_access_token(ehr):
    token = ehr.sign_in()["refresh_token"]
    assert Fhir(ehr, token).get("Patient/marit-solheim").status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "Observation"),
        ("GET", "Observation/x"),
        ("POST", "Flag"),
        ("PUT", "Flag/x"),
        ("DELETE", "Flag/x"),
        ("GET", "Practitioner"),
        ("PUT", "Patient/marit-solheim"),
    ],
)
def test_interactions_outside_the_scopes_are_forbidden(ehr, method, path):
    body = flag(id="x") if "Flag" in path else {"resourceType": "Patient", "id": "marit-solheim"}
    options = {"json": body} if method in ("POST", "PUT") else {}
    answer = ehr.reader().call(method, path, **options)
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    "path",
    [
        "Patient/jonas-berg",
        "MedicationRequest/jonas-berg-warfarin",
        "MedicationRequest/jonas-berg-warfarin/_history",
        "MedicationRequest/jonas-berg-warfarin/_history/1",
    ],
)
def test_a_patient_token_reads_no_other_patient(ehr, path):
    assert ehr.reader("marit-solheim").get(path).status_code == 403


@pytest.mark.parametrize(
    "query", ["patient=jonas-berg", "subject=Patient/jonas-berg", "_id=jonas-berg-warfarin"]
)
def test_a_patient_token_finds_nothing_of_other_patients(ehr, query):
    bundle = ehr.reader("marit-solheim").get(f"MedicationRequest?{query}").json()
    assert (bundle["total"], bundle["entry"]) == (0, [])


def test_without_parameters_a_patient_token_finds_its_own_patient(ehr):
    assert ehr.reader("marit-solheim").ids("Patient") == ["marit-solheim"]


def test_shared_medications_are_readable_with_a_patient_token(ehr):
    assert ehr.reader("elena-rossi").get("Medication/apixaban-5").status_code == 200


def test_user_scopes_reach_the_practitioner(ehr):
    name = ehr.reader().get("Practitioner/ingrid-lind").json()["name"][0]
    assert name["family"] == "Lind"


def test_a_narrowed_scope_reaches_only_what_it_names(ehr):
    def observation(code: str) -> dict:
        return {
            "resourceType": "Observation",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "subject": {"reference": "Patient/li-wei"},
        }

    vitals = ehr.backend("vitals")
    assert vitals.post("Observation", observation("41950-7")).status_code == 201
    assert vitals.post("Observation", observation("8867-4")).status_code == 403
    other = ehr.backend().post("Observation", observation("8867-4")).json()["id"]
    assert vitals.get(f"Observation/{other}").status_code == 403
    assert other not in vitals.ids("Observation")


def test_a_refused_write_leaves_nothing(ehr):
    reader = ehr.backend("reader")
    before = reader.get("Flag?patient=li-wei").json()["total"]
    assert reader.post("Flag", flag("li-wei")).status_code == 403
    assert reader.get("Flag?patient=li-wei").json()["total"] == before


def test_a_forbidden_part_of_the_record_says_so(ehr):
    reader = ehr.reader("peter-novak")
    for type_ in ("MedicationStatement", "Condition"):
        answer = reader.get(f"{type_}?patient=peter-novak")
        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (403, "forbidden")
    assert reader.get("Condition/peter-novak-htn").status_code == 403


def test_a_withheld_order_is_counted_but_not_shown(ehr):
    reader = ehr.reader("peter-novak")
    entries = reader.get("MedicationRequest?patient=peter-novak").json()["entry"]
    modes = [entry["search"]["mode"] for entry in entries]
    assert modes == ["match", "match", "outcome"]
    assert entries[-1]["resource"]["issue"][0]["code"] == "suppressed"
    assert reader.get("MedicationRequest/peter-novak-restricted").status_code == 403


def test_restrictions_hold_for_backend_services_without_a_patient_parameter(ehr):
    ids = ehr.backend().ids("MedicationRequest?_count=100&status=active")
    assert "peter-novak-ramipril" in ids
    assert "peter-novak-restricted" not in ids


def test_down_is_503_and_ends(own_ehr):
    reader = own_ehr.reader()
    own_ehr.http.post(f"{own_ehr.url}/sandbox/faults", json={"down": True})
    assert reader.get("Patient/marit-solheim").status_code == 503
    own_ehr.http.post(f"{own_ehr.url}/sandbox/faults", json={"down": False})
    assert reader.get("Patient/marit-solheim").status_code == 200


def test_a_lost_reply_is_a_write_all_the_same(own_ehr):
    backend = own_ehr.backend()
    own_ehr.http.post(f"{own_ehr.url}/sandbox/faults", json={"lose_replies": 1})
    assert backend.post("Flag", flag()).status_code == 504
    assert backend.get("Flag").json()["total"] == 1
    assert backend.post("Flag", flag()).status_code == 201


def test_delay_makes_answers_late(own_ehr):
    own_ehr.http.post(f"{own_ehr.url}/sandbox/faults", json={"delay_seconds": 0.3})
    start = time.monotonic()
    requests.get(f"{own_ehr.base}/metadata", timeout=5)
    assert time.monotonic() - start >= 0.3
