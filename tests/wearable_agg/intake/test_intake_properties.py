"""Whatever comes, in whatever order and however often: the store ends up the same, and clean."""

import io
import json
import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.backend import link_person, open_world
from tests.support.exports import sharing_person, state
from tests.wearable_agg.vendors.made_payloads import export as made_export
from tests.wearable_agg.vendors.made_payloads import group, heart_rate, record, synced
from tests.wearable_agg.vendors.test_hostile_payloads import TABLE
from wearable_agg.intake import inbox
from wearable_agg.intake.day_totals import DayTotals
from wearable_agg.intake.processing import Worker
from wearable_agg.measurements.batch import batch_of
from wearable_agg.measurements.daily import local_days
from wearable_agg.measurements.model import Measurement
from wearable_agg.measurements.types import TYPES
from wearable_agg.measurements.upsert import write_batch
from wearable_agg.store.database import writing
from wearable_agg.vendors.apple import documents as apple
from wearable_agg.vendors.apple.reader import PUSH, AppleHealth
from wearable_agg.vendors.google_health import documents as google_health
from wearable_agg.vendors.withings import documents as withings

BEGIN = datetime(2026, 3, 28, 20, tzinfo=UTC)
"""The evening before clocks go forward in Oslo."""


class Anything:
    """Reads whatever a vendor sends, as `wristchart parse` does."""

    def __init__(self, documents):
        self._documents = documents

    def parse(self, kind, raw, zone):
        return [found.item for found in self._documents(raw, zone)]


READERS = {
    "google_health": Anything(google_health.documents),
    "withings": Anything(withings.documents),
    "apple": Anything(lambda raw, zone: apple.documents(io.BytesIO(raw), zone)),
}


def arrive(world, account, vendor, raw):
    with writing(world.engine) as connection:
        inbox.keep(
            connection,
            world.vault,
            tenant="sandbox",
            vendor=vendor,
            account_id=account,
            kind=PUSH,
            raw=raw.encode() if isinstance(raw, str) else raw,
        )


def work(world, readers):
    worker = Worker(world.engine, world.vault, {}, DayTotals({}), readers=readers)
    while worker.step():
        pass


def pushed(minutes, deleted):
    records = [
        {
            "id": f"beat-{minute}",
            "type": "HKQuantityTypeIdentifierHeartRate",
            "unit": "count/min",
            "value": 50 + minute % 90,
            "startDate": f"{BEGIN + timedelta(minutes=minute):%Y-%m-%dT%H:%M:%SZ}",
            "endDate": f"{BEGIN + timedelta(minutes=minute):%Y-%m-%dT%H:%M:%SZ}",
        }
        for minute in minutes
    ]
    gone = [f"beat-{minute}" for minute in deleted]
    return json.dumps({"provider": "apple", "data": {"records": records, "deleted": gone}})


def ending(folder, payloads):
    world = open_world(folder)
    account = link_person(world)
    sharing_person(world)
    for group_of in payloads:
        for raw in group_of:
            arrive(world, account, "apple", raw)
        work(world, {"apple": AppleHealth()})
    end = state(world)
    world.engine.dispose()
    return end


MINUTES = st.lists(st.integers(0, 900), max_size=12, unique=True)


@pytest.mark.threat("T29")
@settings(max_examples=6)
@given(st.lists(st.tuples(MINUTES, MINUTES), min_size=1, max_size=5), st.randoms())
def test_any_order_and_repetition_of_payloads_ends_in_the_same_store(
    tmp_path_factory, said, chance
):
    payloads = [pushed(*one) for one in said]
    again = payloads + chance.choices(payloads, k=3)
    chance.shuffle(again)
    cut = chance.randint(0, len(again))
    one = ending(tmp_path_factory.mktemp("one"), [payloads])
    other = ending(tmp_path_factory.mktemp("other"), [again[:cut], again[cut:]])
    for kept, kept_too in zip(one, other, strict=True):
        assert set(kept) ^ set(kept_too) == set()
        assert len(kept) == len(kept_too)


ZONES = ["Europe/Oslo", "Pacific/Kiritimati", "Australia/Lord_Howe", "America/St_Johns", "UTC"]
EDGES = [
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2025, 10, 26, 1, tzinfo=UTC),
    datetime(2025, 12, 31, 23, 59, tzinfo=UTC),
    datetime(2025, 10, 4, 15, 30, tzinfo=UTC),
    datetime(2024, 2, 29, 12, tzinfo=UTC),
]


@pytest.mark.threat("T26")
@pytest.mark.parametrize("zone", ZONES)
def test_the_edges_of_days_clocks_and_years_lose_nothing(tmp_path, zone):
    chance = random.Random(zone)  # noqa: S311  # the same instants each time
    instants = {
        edge + timedelta(seconds=chance.randint(-90_000, 90_000))
        for edge in EDGES
        for _ in range(60)
    }
    instants |= set(EDGES)
    world = open_world(tmp_path)
    person = sharing_person(world)
    values = [
        Measurement("heart_rate", 60.0, "/min", at, at, None, "band", "", "passive", "")
        for at in instants
    ]
    with writing(world.engine) as connection:
        write_batch(connection, "sandbox", person, batch_of(values, TYPES))
    with world.engine.connect() as connection:
        days = local_days(
            connection,
            person,
            ZoneInfo(zone),
            datetime(2024, 2, 1).date(),
            datetime(2026, 5, 1).date(),
            TYPES,
        )
    assert sum(day.heart_rate.n for day in days if day.heart_rate) == len(instants)
    world.engine.dispose()


SOON = datetime.now(UTC) + timedelta(hours=1)
HOSTILE = [(vendor, raw) for vendor, raw, reason in TABLE if reason != "in the future"]
HOSTILE += [
    ("google_health", heart_rate(at=f"{SOON:%Y-%m-%dT%H:%M:%SZ}")),
    ("withings", group((54, 95, 0), date=int(SOON.timestamp()))),
    ("apple", synced(startDate=f"{SOON:%Y-%m-%dT%H:%M:%SZ}", endDate=f"{SOON:%Y-%m-%dT%H:%M:%SZ}")),
    ("apple", synced(value=19)),
    ("apple", synced(value=301)),
    ("apple", synced(unit="mmol/L")),
    ("apple", synced(startDate="1971-01-01T00:00:00Z", endDate="1971-01-01T00:00:00Z")),
    ("apple", synced(id="")[:-4]),
    ("apple", json.dumps({"provider": "apple", "data": {"deleted": [{"id": ""}]}})),
    ("apple", json.dumps({"provider": "apple", "data": {"deleted": [7]}})),
    ("withings", group((54, 140, 0), (54, 39, 0))),
    ("google_health", heart_rate("19")),
]


@pytest.mark.threat("T24", "T25", "T26")
def test_no_hostile_payload_reaches_the_store_and_each_is_answered_with_a_reason(world):
    account = link_person(world)
    sharing_person(world)
    for vendor, raw in HOSTILE:
        arrive(world, account, vendor, raw)
    work(world, READERS)
    assert len(HOSTILE) >= 60
    silent = world.rows("SELECT id FROM inbox WHERE reason IS NULL OR state = 'new'")
    assert silent == []
    assert world.rows("SELECT count(*) FROM measurements") == [(0,)]
    assert world.rows("SELECT count(*) FROM ecg_recordings WHERE samples IS NOT NULL") == [(0,)]


def test_what_stands_beside_them_is_good(world):
    account = link_person(world)
    sharing_person(world)
    at = "2026-03-15 03:00:00 +0100"
    good = [
        ("google_health", heart_rate()),
        ("withings", group((54, 95, 0))),
        ("apple", synced()),
        ("apple", made_export(record(startDate=at, endDate=at, value="80"))),
    ]
    for vendor, raw in good:
        arrive(world, account, vendor, raw)
    work(world, READERS)
    assert world.rows("SELECT count(*) FROM measurements") == [(4,)]
