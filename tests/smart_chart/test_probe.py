"""What a probe sees of each kind of EHR, and that each is written to as it can take it."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox.ehr.personality import PERSONALITIES
from tests.support.chart_ehr import ChartEhr
from wearable_agg.delivery.abilities import LADDER, CreateBy, Personality
from wearable_agg.delivery.chart import (
    Absent,
    Conflict,
    Created,
    Existed,
    Found,
    Identifier,
    New,
    Updated,
)
from wearable_agg.delivery.duplicates import keep_one

PATIENT = "jonas-berg"
ROUTES = {
    "atomic": ("Flag", CreateBy.TRANSACTION, True),
    "racy": ("Flag", CreateBy.TRANSACTION, False),
    "header-ignored": ("Flag", CreateBy.SEARCH, False),
    "no-identifier": ("Observation", CreateBy.SEARCH, False),
    "put-create": ("Flag", CreateBy.PUT, True),
    "read-only-flag": ("Observation", CreateBy.TRANSACTION, True),
}


@pytest.fixture(scope="module", params=sorted(PERSONALITIES))
def probed(request, tmp_path_factory):
    """An EHR of each kind, what a probe saw of it, and its name."""
    folder = tmp_path_factory.mktemp("ehr")
    with ChartEhr(folder / "ehr", folder / "keys", personality=request.param) as ehr:
        before = {kind: len(standing(ehr, kind)) for kind in LADDER}
        seen = ehr.probe(PATIENT)
        yield ehr, seen, request.param, before


def standing(ehr, kind):
    return [each for each in ehr.held(kind, PATIENT) if each["status"] != "entered-in-error"]


def something(kind):
    """What a finding becomes by this route, with what belongs to it; a fresh one each time."""
    name = Identifier("https://wristchart.org/fhir/sid/test", str(uuid.uuid4()))
    base = {
        "identifier": [{"system": name.system, "value": name.value}],
        "subject": {"reference": f"Patient/{PATIENT}"},
    }
    text = f"reference {name.value}"
    made = {
        "Flag": {"status": "active", "code": {"text": "Possible"}},
        "Observation": {"status": "final", "code": {"text": "ECG"}, "note": [{"text": text}]},
        "Communication": {"status": "completed", "payload": [{"contentString": text}]},
    }[kind]
    main = New({"resourceType": kind, **base, **made}, f"urn:uuid:{name.value}", name)
    origin = {
        "resourceType": "Provenance",
        "target": [{"reference": main.full_url}],
        "recorded": "2026-03-01T06:30:00.000Z",
        "agent": [{"who": {"display": "Wristchart"}}],
    }
    return name, (main, New(origin, uuid.uuid4().urn))


def test_the_route_and_the_way_of_creating(probed):
    _, seen, name, _ = probed
    able = seen.kinds[seen.route]
    assert (seen.route, able.create_by, able.atomic) == ROUTES[name]
    assert able.changeable


def test_what_is_kept_of_identifiers(probed):
    _, seen, name, _ = probed
    able = seen.kinds["Observation"]
    expected = (False, "patient") if name == "no-identifier" else (True, "identifier")
    assert (able.stores_identifier, able.searchable_by) == expected


def test_a_probe_leaves_nothing_standing(probed):
    ehr, _, _, before = probed
    assert {kind: len(standing(ehr, kind)) for kind in LADDER} == before


def test_what_was_seen_can_be_kept(probed):
    _, seen, _, _ = probed
    assert Personality.from_document(seen.to_document()) == seen


def test_created_twice_it_is_there_once_with_its_origin(probed):
    ehr, seen, _, _ = probed
    chart = ehr.chart(seen)
    name, new = something(seen.route)
    assert isinstance(chart.create(new), Created)
    assert isinstance(chart.create(new), Existed)
    assert isinstance(chart.look(new), Existed)
    [held] = chart.find(seen.route, name, PATIENT).resources
    origins = [p["target"][0]["reference"] for p in ehr.held("Provenance", PATIENT)]
    count = origins.count(f"{seen.route}/{held['id']}")
    assert count >= 1  # a transaction sent again brings its Provenance again


def test_after_eight_at_once_one_is_kept(probed):
    ehr, seen, _, _ = probed
    name, new = something(seen.route)
    chart = ehr.chart(seen)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(chart.create, [new] * 8))
    assert isinstance(keep_one(chart, seen.route, name, PATIENT), Existed)
    found = chart.find(seen.route, name, PATIENT).resources
    assert len([each for each in found if each["status"] != "entered-in-error"]) == 1


def test_a_stale_change_is_a_conflict(probed):
    ehr, seen, _, _ = probed
    chart = ehr.chart(seen)
    name, new = something(seen.route)
    chart.create(new)
    [held] = chart.find(seen.route, name, PATIENT).resources
    assert isinstance(chart.update(held, held["meta"]["versionId"]), Updated)
    assert isinstance(chart.update(held, held["meta"]["versionId"]), Conflict)


def test_what_was_cut_off_after_the_main_part_is_completed(probed):
    ehr, seen, _, _ = probed
    if seen.kinds[seen.route].create_by is CreateBy.TRANSACTION:
        pytest.skip("all or nothing")
    chart = ehr.chart(seen)
    _, (main, origin) = something(seen.route)
    chart.create([main])
    assert chart.look([main, origin]) == Absent()
    assert isinstance(chart.create([main, origin]), Existed)
    assert isinstance(chart.look([main, origin]), Existed)


def test_all_of_a_patients_are_listed_over_pages(probed):
    ehr, seen, _, _ = probed
    chart = ehr.chart(seen)
    found = chart.held(seen.route, PATIENT)
    assert isinstance(found, Found)
    assert len(found.resources) == len(ehr.held(seen.route, PATIENT))
