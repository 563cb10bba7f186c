from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from safeguards.assertions import Signer
from tests.support.backend import EVERY_TOPIC, NEW_YEAR, asking, bearer, measured
from wearable_agg.intake import jobs
from wearable_agg.intake.withdrawal import withdraw
from wearable_agg.measurements.batch import batch_of
from wearable_agg.measurements.model import Workout
from wearable_agg.measurements.types import TYPES
from wearable_agg.measurements.upsert import write_batch
from wearable_agg.people import consents
from wearable_agg.people.registry import touch
from wearable_agg.store.clock import from_micros, now_micros, to_micros
from wearable_agg.store.database import writing
from wearable_agg.store.intake_tables import sync_jobs
from wearable_agg.store.people_tables import consents as consents_table
from wearable_agg.store.people_tables import vendor_accounts
from wearable_agg.vendors.coverage import never_told
from wearable_agg.vendors.protocol import Window

BASE = "/api/v1/patient"
WEEK = f"{BASE}/days?from=2026-01-01&to=2026-01-08"
HOURS = "from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00%2B00:00"
CHANGES_OF_CLOCKS = 2  # in a year, each a stretch of its own
ROUTES = [
    "",
    "/days?from=2026-01-01&to=2026-01-08",
    f"/heart-rate?{HOURS}",
    f"/measurements?type=workout&{HOURS}",
    f"/rhythm?{HOURS}",
    "/findings",
]


@pytest.fixture
def ask(world):
    client = world.api().test_client()

    def ask(url, *scopes, headers=None, patient="marit-solheim"):
        signed = bearer(world, *(scopes or ("chart.read",)), patient=patient)
        return client.get(url, headers={**signed, **(headers or {})})

    return ask


@pytest.fixture
def keep(world, linked):
    def keep(*measurements):
        with writing(world.engine) as connection:
            write_batch(connection, "sandbox", 1, batch_of(measurements, TYPES))
            touch(connection, 1)

    return keep


def test_linked_wearables_are_listed(ask, linked):
    assert ask(BASE).get_json() == {
        "linked": [
            {
                "vendor": "band",
                "name": "Band",
                "device": "Band 2",
                "status": "active",
                "last_sync": None,
                "health": {"state": "well", "reason": "", "remarks": []},
                "fetched_back_to": None,
                "never_tells": [],
            }
        ],
        "timezone": "Europe/Oslo",
        "person": True,
    }


@pytest.mark.parametrize("route", ROUTES)
def test_of_an_unknown_patient_there_is_nothing_but_an_answer(ask, route):
    answer = ask(BASE + route, patient="li-wei")
    assert answer.status_code == 200
    lists = [value for value in answer.get_json().values() if isinstance(value, list)]
    assert all(not row.get("steps") for rows in lists for row in rows)


def test_every_day_of_the_window_is_answered(ask, keep):
    keep(*(measured(n) for n in range(0, 600, 10)))
    days = ask(WEEK).get_json()["days"]
    assert [day["date"] for day in days] == [f"2026-01-0{n}" for n in range(1, 8)]
    assert days[0]["heart_rate"] == {"min": 60, "max": 60, "mean": 60, "n": 60, "coverage": 0.4167}
    assert days[1]["heart_rate"] is None


def test_a_day_says_which_source_was_chosen_and_which_was_left_out(ask, keep):
    keep(measured(kind="steps", value=10.0), measured(kind="steps", value=12.0, source="scale"))
    [day] = ask(f"{BASE}/days?from=2026-01-01&to=2026-01-02").get_json()["days"]
    assert day["choices"] == [{"type": "steps", "source": "band", "left_out": ["scale"]}]
    assert day["steps"] == 10.0


def test_heart_rate_comes_in_buckets(ask, keep):
    keep(measured(1, 60.0), measured(2, 70.0))
    answer = ask(f"{BASE}/heart-rate?{HOURS}").get_json()
    start = int(NEW_YEAR.timestamp())
    assert answer == {"level_seconds": 300, "buckets": [[start, 2, 60.0, 65.0, 70.0]]}


def test_a_workout_is_told_as_it_is_kept(ask, keep):
    start, end = NEW_YEAR + timedelta(hours=8), NEW_YEAR + timedelta(hours=8, minutes=30)
    values = {"duration": (1710.0, "s"), "distance": (2450.0, "m")}
    walk = Workout("walking", values, start, end, 3600, "band", "Band 2", "w-1", "active")
    keep(*walk.measurements())
    minutes, length = (
        ask(f"{BASE}/measurements?type={kind}&{HOURS}").get_json()
        for kind in ("workout", "workout_distance")
    )
    assert minutes == {
        "type": "workout",
        "unit": "min",
        "measurements": [
            {
                "value": 28.5,
                "statistic": "walking",
                "start": "2026-01-01T08:00:00+00:00",
                "end": "2026-01-01T08:30:00+00:00",
                "offset_seconds": 3600,
                "source": "band",
                "device": "Band 2",
                "method": "active",
                "vendor_id": "w-1",
                "version": 1,
            }
        ],
        "next": None,
    }
    [only] = length["measurements"]
    assert (length["unit"], only["value"]) == ("m", 2450.0)


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_values_of_several_sources_come_page_by_page_each_once(ask, keep, limit):
    told = [measured(n, 60.0 + n, source=source) for n in range(3) for source in ("band", "scale")]
    end = told[0].end + timedelta(minutes=5)
    keep(*told, replace(told[0], end=end, value=99.0))
    url, seen, cursor = f"{BASE}/measurements?type=heart_rate&limit={limit}&{HOURS}", [], ""
    while cursor is not None:
        page = ask(f"{url}&cursor={cursor}").get_json()
        seen += [(one["start"], one["value"]) for one in page["measurements"]]
        cursor = page["next"]
    assert len(seen) == 7
    assert sorted({value for _, value in seen}) == [60.0, 61.0, 62.0, 99.0]
    assert [at for at, _ in seen] == sorted(at for at, _ in seen)


def test_a_cursor_is_good_for_one_type(ask, keep):
    keep(measured(1), measured(2))
    url = f"{BASE}/measurements?limit=1&{HOURS}"
    cursor = ask(f"{url}&type=heart_rate").get_json()["next"]
    assert ask(f"{url}&type=steps&cursor={cursor}").status_code == 400


def test_values_that_are_not_shared_are_not_told(world, ask, keep):
    keep(measured(1))
    with writing(world.engine) as connection:
        consents.revoke(connection, 1, ["heart_rate"])
    assert ask(f"{BASE}/measurements?type=heart_rate&{HOURS}").status_code == 403
    assert ask(f"{BASE}/measurements?type=weight&{HOURS}").get_json()["measurements"] == []


def test_data_whose_consent_is_revoked_are_withheld_and_said_to_be(world, ask, keep):
    keep(measured(1))
    with writing(world.engine) as connection:
        consents.revoke(connection, 1, ["heart_rate"])
    answer = ask(WEEK).get_json()
    assert answer["withheld"] == ["heart_rate"]
    assert answer["days"][0]["heart_rate"] is None
    assert ask(f"{BASE}/heart-rate?{HOURS}").status_code == 403


def test_days_that_did_not_change_are_not_sent_again(ask, keep):
    first = ask(WEEK)
    again = ask(WEEK, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    keep(measured(1))
    changed = ask(WEEK, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200


def test_one_patients_tag_says_nothing_about_another(ask, linked):
    tag = ask(WEEK).headers["ETag"]
    other = ask(WEEK, patient="li-wei", headers={"If-None-Match": tag})
    assert other.status_code == 200


@pytest.mark.parametrize("route", [*ROUTES, "/findings/1/strip"])
def test_nothing_is_told_without_the_scope(ask, route):
    answer = ask(BASE + route, "people.invite")
    assert answer.status_code == 403
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer forged"}, {"Authorization": "x"}])
def test_nothing_is_told_to_somebody_unknown(world, header):
    answer = world.api().test_client().get(BASE, headers=header)
    assert (answer.status_code, answer.get_json()["title"]) == (401, "Not authentic")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def signed(world, asker, audience="wristchart-api", seconds=60):
    token = Signer.open(world.settings.keys).sign(asker, audience, seconds)
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("options", [{"audience": "wristchart-gateway"}, {"seconds": -60}])
def test_an_assertion_for_somewhere_or_sometime_else_is_refused(world, options):
    header = signed(world, asking("chart.read"), **options)
    assert world.api().test_client().get(BASE, headers=header).status_code == 401


@pytest.mark.parametrize("change", [{"issuer": "http://evil/fhir"}, {"tenant": "other"}])
def test_a_tenant_speaks_for_its_own_ehr_only(world, change):
    header = signed(world, replace(asking("chart.read"), **change))
    assert world.api().test_client().get(BASE, headers=header).status_code == 403


@pytest.mark.parametrize(
    "query",
    [
        "/days",
        "/days?from=2026-01-08&to=2026-01-01",
        "/days?from=2026-01-01&to=yesterday",
        "/days?from=1900-01-01&to=2026-01-01",
        "/heart-rate?from=2026-01-01T00:00:00&to=2026-01-02T00:00:00",
        "/measurements?type=mood&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z",
        "/heart-rate?from=0001-01-01T00:00:00%2B14:00&to=2026-01-02T00:00:00Z",
    ],
)
def test_a_window_that_cannot_be_read_is_refused(ask, query):
    assert ask(BASE + query).status_code == 400


@pytest.mark.parametrize(
    ("change", "state", "reason"),
    [
        ({"last_data_at": 1}, "unwell", "syncs succeed, and nothing new has come for"),
        ({"last_sync_at": 1}, "unwell", "no sync has succeeded for"),
        ({"status": "broken"}, "unwell", "the link is broken: link again"),
        ({"status": "unlinked"}, "ended", ""),
    ],
)
def test_a_sync_that_is_not_well_is_said_with_the_reason(world, ask, linked, change, state, reason):
    with writing(world.engine) as connection:
        connection.execute(vendor_accounts.update().values(**change))
    [shown] = ask(BASE).get_json()["linked"]
    assert shown["health"]["state"] == state
    assert shown["health"]["reason"].startswith(reason)


def test_history_that_is_still_to_be_fetched_is_said_until_it_is(world, ask, linked):
    now = from_micros(now_micros())
    month = timedelta(days=30)
    windows = [Window(now - (n + 1) * month, now - n * month) for n in (0, 1)]
    with writing(world.engine) as connection:
        connection.execute(vendor_accounts.update().values(linked_at=to_micros(now)))
        jobs.schedule(connection, "sandbox", 1, jobs.SUBSCRIBE, [Window(now, now)])
        jobs.schedule(connection, "sandbox", 1, "steps", windows)
    said = []
    for window in (*windows, None):
        [shown] = ask(BASE).get_json()["linked"]
        said.append(shown["fetched_back_to"])
        with writing(world.engine) as connection:
            done = sync_jobs.c.window_end == to_micros(window.end if window else now)
            connection.execute(sync_jobs.delete().where(done, sync_jobs.c.kind == "steps"))
    assert said == [now.isoformat(), (now - month).isoformat(), None]


def test_what_a_vendor_can_never_tell_is_said():
    assert never_told("Withings") == ["resting_heart_rate"]
    assert never_told("Google Health") == []


@pytest.mark.parametrize("ending", ["withdrawn", "lapsed"])
def test_where_consent_ended_a_sync_is_not_called_unwell(world, ask, linked, ending):
    with writing(world.engine) as connection:
        if ending == "withdrawn":
            withdraw(connection, "sandbox", 1, EVERY_TOPIC, "the patient")
        else:
            connection.execute(consents_table.update().values(expires_at=1))
        connection.execute(vendor_accounts.update().values(last_sync_at=1, last_data_at=1))
    [shown] = ask(BASE).get_json()["linked"]
    health = shown["health"]
    assert (health["state"], health["reason"]) == ("ended", "the patient's consent has ended")


def test_each_reading_is_recorded(world, ask, linked):
    for route in ROUTES:
        ask(BASE + route)
    recorded = world.rows("SELECT action, actor, entity FROM audit WHERE actor LIKE 'Pract%'")
    assert {action for action, _, _ in recorded} == {
        "patient.read",
        "days.read",
        "heart-rate.read",
        "measurements.read",
        "rhythm.read",
        "findings.read",
    }
    assert {row[1:] for row in recorded} == {("Practitioner/ingrid-lind", "Patient/marit-solheim")}


def test_a_strip_of_nothing_is_not_found(ask, linked):
    assert ask(f"{BASE}/findings/none/strip").status_code == 404


def test_answers_are_kept_by_nobody(ask, linked):
    assert ask(WEEK).headers["Cache-Control"] == "no-store"


def test_a_year_is_asked_of_the_store_in_as_few_questions_as_a_week(world, ask, keep):
    keep(*a_year_of_heart_rate())
    asked = []
    event.listen(world.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    ask(f"{BASE}/days?from=2025-12-25&to=2026-01-01")
    of_a_week = len(asked)
    year = ask(f"{BASE}/days?from=2025-01-01&to=2026-01-01").get_json()["days"]
    assert len([day for day in year if day["heart_rate"]]) == 365
    assert len(asked) - of_a_week <= of_a_week + CHANGES_OF_CLOCKS


def a_year_of_heart_rate():
    """A sample every ten minutes."""
    start = NEW_YEAR - timedelta(days=365)
    for n in range(365 * 144):
        at = start + timedelta(minutes=10 * n)
        yield measured(value=60.0 + n % 40, start=at, end=at)
