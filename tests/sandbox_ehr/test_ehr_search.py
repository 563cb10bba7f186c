"""Search: parameters, prefixes, paging, includes, strictness."""

from __future__ import annotations

from datetime import date, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from ehr_visitor import flag

MARIT = "MedicationRequest?patient=marit-solheim"


def pages(reader, path):
    """Every page of an answer, following next links."""
    answers = [reader.get(path).json()]
    while following := link(answers[-1], "next"):
        answers.append(reader.get(following).json())
    return answers


def link(bundle, relation):
    return next((item["url"] for item in bundle["link"] if item["relation"] == relation), None)


def ago(days):
    return (date.today() - timedelta(days=days)).isoformat()


@pytest.fixture(scope="module")
def marit(ehr):
    return ehr.reader("marit-solheim")


@pytest.fixture(scope="module")
def backend(ehr):
    return ehr.backend()


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("status=stopped", ["diltiazem"]),
        ("status=stopped,completed", ["diltiazem", "metoprolol-1", "metoprolol-2"]),
        ("status=stopped&intent=order", ["diltiazem"]),
        ("intent=plan", []),
        ("code=866412", ["metoprolol-3"]),
        ("code=http://www.whocc.no/atc|B01AF02", ["apixaban"]),
        ("code=http://www.whocc.no/atc|866412", []),
        ("code=|866412", []),
        ("code=http://www.whocc.no/atc|&status=stopped", ["diltiazem"]),
        ("_id=marit-solheim-lisinopril,marit-solheim-apixaban", ["lisinopril", "apixaban"]),
        ("requester=Practitioner/ingrid-lind&status=stopped", ["diltiazem"]),
        ("_lastUpdated=lt2020-01-01", []),
        (f"authoredon=ge{ago(15)}", ["metoprolol-3"]),
        (f"authoredon=gt{ago(14)}", []),
        (f"authoredon=le{ago(300)}", ["lisinopril"]),
        (f"authoredon=lt{ago(84)}", ["lisinopril"]),
        (f"authoredon={ago(84)}", ["diltiazem"]),
        (f"authoredon=ge{ago(84)}&authoredon=le{ago(70)}", ["diltiazem", "metoprolol-1"]),
    ],
)
def test_parameters_select(marit, query, names):
    assert marit.ids(f"{MARIT}&{query}") == [f"marit-solheim-{name}" for name in names]


def test_last_updated_takes_an_instant(marit):
    assert len(marit.ids(f"{MARIT}&_lastUpdated=ge{ago(2)}T00:00:00Z")) == 6


def test_patients_are_found_by_name_and_identifier(backend):
    assert backend.ids("Patient?name=sol") == ["marit-solheim"]
    assert backend.ids("Patient?name:contains=OLHEI") == ["marit-solheim"]
    assert backend.ids("Patient?name=olhei") == []
    assert backend.ids("Patient?identifier=urn:oid:2.16.578.1.99.4417.1|003092") == ["jonas-berg"]
    assert backend.ids("Patient?birthdate=1958") == ["marit-solheim"]


def test_sorting_is_by_value_in_both_directions(marit):
    newest = marit.ids(f"{MARIT}&_sort=-authoredon")
    assert newest[0] == "marit-solheim-metoprolol-3"
    assert newest == list(reversed(marit.ids(f"{MARIT}&_sort=authoredon")))


def test_search_by_post(marit):
    answer = marit.call(
        "POST", "MedicationRequest/_search", data={"patient": "marit-solheim", "status": "stopped"}
    )
    assert answer.json()["total"] == 1


def test_a_long_record_comes_in_pages_each_order_once(ehr):
    found = pages(ehr.reader("rosa-delgado"), "MedicationRequest?patient=rosa-delgado")
    ids = [entry["resource"]["id"] for page in found for entry in page["entry"]]
    assert [len(page["entry"]) for page in found] == [50, 50, 30]
    assert len(set(ids)) == 130
    assert {page["total"] for page in found} == {130}


def test_count_sets_the_page_and_has_a_ceiling(ehr):
    reader = ehr.reader("rosa-delgado")
    assert len(reader.get("MedicationRequest?_count=7").json()["entry"]) == 7
    assert len(reader.get("MedicationRequest?_count=1000").json()["entry"]) == 100
    assert reader.get("MedicationRequest?_count=0").json()["entry"] == []
    assert reader.get("MedicationRequest?_count=x").status_code == 400


def test_pages_stay_the_same_while_the_chart_changes(own_ehr):
    backend = own_ehr.backend()
    for _ in range(4):
        backend.post("Flag", flag())
    first = backend.get("Flag?_count=2").json()
    backend.post("Flag", flag())
    second = backend.get(link(first, "next")).json()
    assert len(second["entry"]) == 2
    assert link(second, "next") is None


def test_next_links_are_bound_to_who_searched(ehr):
    first = ehr.reader("rosa-delgado").get("MedicationRequest").json()
    assert ehr.reader("marit-solheim").get(link(first, "next")).status_code == 410


def test_next_links_expire(own_ehr):
    following = link(own_ehr.reader("rosa-delgado").get("MedicationRequest").json(), "next")
    own_ehr.clock.forward(hours=2)
    assert own_ehr.reader("rosa-delgado").get(following).status_code == 410


def test_unknown_parameters_are_dropped_and_left_out_of_the_self_link(marit):
    bundle = marit.get(f"{MARIT}&colour=red&status=stopped").json()
    query = dict(parse_qsl(urlsplit(link(bundle, "self")).query))
    assert query == {"patient": "marit-solheim", "status": "stopped"}


def test_unknown_parameters_are_an_error_when_asked_to_be_strict(marit):
    answer = marit.get(f"{MARIT}&colour=red", headers={"Prefer": "handling=strict"})
    assert answer.status_code == 400
    assert "colour" in answer.json()["issue"][0]["diagnostics"]


def test_flag_has_no_status_parameter_in_r4(backend):
    answer = backend.get("Flag?status=active", headers={"Prefer": "handling=strict"})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "status:not=active",
        "subject.name=x",
        "authoredon=yesterday",
        "authoredon=2024-13-45",
        "code=",
    ],
)
def test_what_is_not_understood_is_refused(marit, query):
    assert marit.get(f"MedicationRequest?{query}").status_code == 400


def test_medications_are_included_once(ehr):
    reader = ehr.reader("elena-rossi")
    entries = reader.get("MedicationRequest?_include=MedicationRequest:medication").json()["entry"]
    included = [e["resource"]["id"] for e in entries if e["search"]["mode"] == "include"]
    assert included == ["apixaban-5"]


@pytest.mark.parametrize("include", ["MedicationRequest:colour", "Flag:author", "x"])
def test_an_impossible_include_is_refused(marit, include):
    assert marit.get(f"MedicationRequest?_include={include}").status_code == 400


def test_a_patient_without_medications_gets_an_empty_answer(ehr):
    bundle = ehr.reader("li-wei").get("MedicationRequest?patient=li-wei").json()
    assert (bundle["total"], bundle["entry"]) == (0, [])


def test_open_periods_reach_into_the_future(backend):
    created = backend.post("Flag", flag("amara-okafor")).json()["id"]
    assert created in backend.ids("Flag?patient=amara-okafor&date=ge2030-01-01")
    assert created not in backend.ids("Flag?patient=amara-okafor&date=lt2026-01-01")


@pytest.mark.parametrize("accept", ["application/fhir+xml", "text/html"])
def test_only_json_is_spoken(marit, accept):
    assert marit.get(MARIT, headers={"Accept": accept}).status_code == 406


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "Pharmacy", 404),
        ("GET", "Patient/a/b/c/d", 404),
        ("PATCH", "Patient/marit-solheim", 405),
        ("GET", "Medication/nothing", 404),
    ],
)
def test_unknown_addresses_answer_with_an_operation_outcome(marit, method, path, status):
    answer = marit.call(method, path)
    assert answer.status_code == status
    assert answer.json()["resourceType"] == "OperationOutcome"
