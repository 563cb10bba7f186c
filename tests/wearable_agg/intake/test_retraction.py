"""What a vendor deletes is taken back, and can be seen to have been there."""

import json
from datetime import datetime, timedelta
from itertools import permutations

import pytest

from tests.support.backend import NEW_YEAR, OSLO, link_person, measured, notice
from tests.support.exports import sharing_person
from wearable_agg.intake import inbox, jobs
from wearable_agg.intake.day_totals import DayTotals
from wearable_agg.intake.notices import pack
from wearable_agg.intake.processing import Worker
from wearable_agg.measurements.daily import local_days
from wearable_agg.measurements.localdays import midnight
from wearable_agg.measurements.types import TYPES
from wearable_agg.people.consents import revoke
from wearable_agg.store.database import writing
from wearable_agg.vendors.apple.reader import PUSH, AppleHealth
from wearable_agg.vendors.google_health.vendor import GoogleHealth
from wearable_agg.vendors.withings.vendor import Withings

VALUES = "SELECT value, version FROM measurements ORDER BY start"
HOUR = [NEW_YEAR.isoformat(), (NEW_YEAR + timedelta(hours=1)).isoformat()]


@pytest.fixture
def synced(world, linked):
    """Let the vendor have data, notify us of a window, and bring everything to its end."""

    def synced(data, action="changed", window=HOUR):
        world.band.data = data
        raw = notice(window=window, action=action)
        with writing(world.engine) as connection:
            inbox.keep(
                connection,
                world.vault,
                tenant="*",
                vendor="band",
                account_id=None,
                kind=inbox.WEBHOOK,
                raw=pack(raw, world.band.notifications({}, raw, b"")),
            )
        worker = world.worker()
        worker.step()
        with writing(world.engine) as connection:
            claimed = jobs.claim(connection, ["band"], 8)
        for job in claimed:
            world.fetcher().work(job)
        while worker.step():
            pass

    return synced


@pytest.mark.parametrize("action", ["deleted", "changed"])
def test_what_the_vendor_no_longer_tells_is_taken_back(world, synced, action):
    synced([measured(1, 60.0), measured(2, 200.0), measured(3, 64.0)])
    synced([measured(1, 60.0), measured(3, 64.0)], action)
    assert world.rows(VALUES) == [(60.0, 1), (64.0, 1)]
    assert world.rows("SELECT value, retracted FROM measurement_history") == [(200.0, 1)]
    assert world.rows("SELECT DISTINCT n, sum, max FROM rollups") == [(2, 124.0, 64.0)]


def test_a_bucket_that_is_empty_is_gone(world, synced):
    synced([measured(1)])
    synced([], "deleted")
    assert world.rows("SELECT count(*) FROM rollups") == [(0,)]


def test_a_value_that_comes_back_counts_on(world, synced):
    synced([measured(1, 60.0)])
    synced([], "deleted")
    synced([measured(1, 61.0)])
    synced([measured(1, 62.0)])
    assert world.rows(VALUES) == [(62.0, 3)]
    history = "SELECT version, value, retracted FROM measurement_history ORDER BY version"
    assert world.rows(history) == [(1, 60.0, 1), (2, 61.0, 0)]


def test_what_lies_outside_of_the_notified_time_stays(world, synced):
    far = measured(60 * 24 * 9, 70.0)
    synced([far], window=[far.start.isoformat(), (far.start + timedelta(hours=1)).isoformat()])
    synced([], "deleted")
    assert world.rows(VALUES) == [(70.0, 1)]


def test_a_days_total_is_corrected(world, synced):
    start, end = (midnight(NEW_YEAR.date() + timedelta(days=n), OSLO) for n in (0, 1))
    total = measured(value=9000.0, kind="steps", start=start, end=end)
    synced([total])
    synced([], "deleted")
    with world.engine.connect() as connection:
        [day] = local_days(
            connection, 1, OSLO, NEW_YEAR.date(), NEW_YEAR.date() + timedelta(days=1), TYPES
        )
    assert day.steps is None


def test_a_total_that_the_chart_was_told_of_is_taken_back_there(world, synced):
    day = datetime.now(OSLO).date() - timedelta(days=2)
    start, end = (midnight(day + timedelta(days=n), OSLO) for n in (0, 1))
    window = [start.isoformat(), end.isoformat()]
    total = measured(value=9000.0, kind="steps", start=start, end=end)
    synced([total], window=window)
    assert world.rows("SELECT subject, generation FROM outbox") == [(f"steps|{day}", 1)]
    synced([], "deleted", window)
    [(payload, generation)] = world.rows("SELECT payload, generation FROM outbox")
    assert (json.loads(payload)["value"], generation) == (None, 2)


def test_consent_withdrawn_takes_no_total_back(world, synced):
    day = datetime.now(OSLO).date() - timedelta(days=2)
    start, end = (midnight(day + timedelta(days=n), OSLO) for n in (0, 1))
    window = [start.isoformat(), end.isoformat()]
    synced([measured(value=9000.0, kind="steps", start=start, end=end)], window=window)
    with writing(world.engine) as connection:
        revoke(connection, 1, ["steps"])
    synced([], "deleted", window)
    [(payload,)] = world.rows("SELECT payload FROM outbox")
    assert json.loads(payload)["value"] == 9000.0


def test_an_empty_answer_does_not_take_back_a_full_window(world, synced):
    synced([measured(n) for n in range(59)])
    synced([])
    assert world.rows("SELECT count(*) FROM measurements") == [(59,)]
    [(reason,)] = world.rows("SELECT reason FROM inbox WHERE reason LIKE 'an empty answer%'")
    assert reason == "an empty answer, 59 values kept"


def test_a_page_that_cannot_be_read_takes_nothing_back(world, linked, synced):
    synced([measured(1), measured(2)])
    raw = b"{broken"
    with writing(world.engine) as connection:
        for kind, body in (
            ("beats", raw),
            ("@whole", json.dumps({"job": 99, "kind": "beats", "window": [0, 2**61]}).encode()),
        ):
            inbox.keep(
                connection,
                world.vault,
                tenant="sandbox",
                vendor="band",
                account_id=linked,
                kind=kind,
                raw=body,
                job_id=99,
            )
    world.worker().step()
    assert world.rows("SELECT count(*) FROM measurements") == [(2,)]
    assert world.rows("SELECT state FROM inbox WHERE job_id = 99") == [("dead",), ("dead",)]


def test_polling_alone_takes_nothing_back(world, synced, linked):
    synced([measured(1), measured(2)])
    world.band.data = []
    with writing(world.engine) as connection:
        window = world.band.backfill_windows(
            "beats", jobs.Window(NEW_YEAR, NEW_YEAR + timedelta(days=1))
        )
        jobs.schedule(connection, "sandbox", linked, "beats", window)
        [job] = jobs.claim(connection, ["band"], 8)
    world.fetcher().work(job)
    world.worker().step()
    assert world.rows("SELECT count(*) FROM measurements") == [(2,)]


def pushed(**data):
    return json.dumps({"provider": "apple", "sdkVersion": "1", "data": data}).encode()


def pulse(identifier, value):
    return {
        "id": identifier,
        "type": "HKQuantityTypeIdentifierHeartRate",
        "unit": "count/min",
        "value": value,
        "startDate": f"2026-03-15T08:00:{value - 60:02}Z",
        "endDate": f"2026-03-15T08:00:{value - 60:02}Z",
    }


PUSHES = (
    pushed(records=[pulse("A", 61), pulse("B", 62)]),
    pushed(deleted=[{"id": "B"}]),
    pushed(records=[pulse("B", 62), pulse("C", 63)], deleted=["A"]),
)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_an_object_deleted_on_the_phone_is_gone_whenever_the_deletion_comes(world, order):
    account = link_person(world)
    sharing_person(world)
    with writing(world.engine) as connection:
        connection.exec_driver_sql("UPDATE vendor_accounts SET vendor = 'apple'")
    worker = Worker(world.engine, world.vault, {}, DayTotals({}), readers={"apple": AppleHealth()})
    for number in order:
        with writing(world.engine) as connection:
            inbox.keep(
                connection,
                world.vault,
                tenant="sandbox",
                vendor="apple",
                account_id=account,
                kind=PUSH,
                raw=PUSHES[number],
            )
        worker.step()
    assert world.rows("SELECT value FROM measurements") == [(63.0,)]
    assert world.rows("SELECT DISTINCT n, sum FROM rollups") == [(1, 63.0)]


def test_vendors_say_which_types_their_kinds_tell():
    google, withings = GoogleHealth(), Withings()
    assert ("steps", True) in google.tells("steps").types
    assert ("sleep_deep", False) in google.tells("sleep").types
    assert withings.tells("measures").named
    assert ("weight", False) in withings.tells("measures").types
    assert not withings.tells("intraday").types
    rhythm = ("irregular-rhythm-notification", "irregular-rhythm-profile")
    of_no_notice = {"electrocardiogram", *rhythm}
    assert all(google.tells(kind).types for kind in set(google.kinds) - of_no_notice)
