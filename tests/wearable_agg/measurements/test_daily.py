from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.support.backend import OSLO, measured
from wearable_agg.measurements.batch import batch_of
from wearable_agg.measurements.buckets import level_for, read_buckets
from wearable_agg.measurements.daily import local_days
from wearable_agg.measurements.localdays import midnight
from wearable_agg.measurements.types import TYPES
from wearable_agg.measurements.upsert import write_batch
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import writing

SPRING, AUTUMN = date(2026, 3, 29), date(2025, 10, 26)
NEW_YEARS_DAY = date(2026, 1, 1)


@pytest.fixture
def keep(world):
    def keep(*measurements):
        with writing(world.engine) as connection:
            person = person_for(connection, "sandbox", "i", "p", True, "Europe/Oslo")
            write_batch(connection, "sandbox", person, batch_of(measurements, TYPES))
        return person

    return keep


@pytest.fixture
def day(world, keep):
    def day(of, zone=OSLO):
        with world.engine.connect() as connection:
            [found] = local_days(connection, 1, zone, of, of + timedelta(days=1), TYPES)
        return found

    return day


def at(*instant, **changes):
    when = datetime(*instant, tzinfo=UTC)
    return measured(**{"start": when, "end": when, **changes})


def of_day(of, value, kind="steps", zone=OSLO, **changes):
    start, end = midnight(of, zone), midnight(of + timedelta(days=1), zone)
    return measured(value=value, kind=kind, start=start, end=end, **changes)


@pytest.mark.parametrize(("of", "hours"), [(SPRING, 23), (AUTUMN, 25), (NEW_YEARS_DAY, 24)])
def test_a_day_worn_throughout_is_covered_whole_however_long_it_is(keep, day, of, hours):
    start = midnight(of, OSLO)
    quarters = [start + timedelta(minutes=15 * n) for n in range(-8, 4 * hours + 8)]
    keep(*(measured(start=one, end=one) for one in quarters))
    assert (day(of).heart_rate.n, day(of).heart_rate.coverage) == (4 * hours, 1.0)


def test_the_local_day_begins_at_local_midnight(keep, day):
    keep(at(2026, 1, 1, 22, 59, value=50.0), at(2026, 1, 1, 23, 1, value=90.0))
    assert day(NEW_YEARS_DAY).heart_rate.max == 50.0
    assert day(date(2026, 1, 2)).heart_rate.min == 90.0


def test_zones_with_quarters_of_an_hour_have_their_own_midnight(keep, day):
    kathmandu = ZoneInfo("Asia/Kathmandu")
    keep(at(2025, 12, 31, 18, 14, value=50.0), at(2025, 12, 31, 18, 16, value=90.0))
    assert day(NEW_YEARS_DAY, kathmandu).heart_rate.min == 90.0


def test_every_day_of_the_window_is_there_measured_or_not(world, keep):
    person = keep(at(2026, 1, 5, 12))
    with world.engine.connect() as connection:
        days = local_days(connection, person, OSLO, date(2026, 1, 1), date(2026, 2, 1), TYPES)
    assert [one.date.day for one in days] == list(range(1, 32))
    assert [one.date.day for one in days if one.heart_rate] == [5]


def test_a_vendors_own_total_goes_before_what_we_add_up(keep, day):
    minute = at(2026, 1, 1, 9, kind="steps", value=40.0, end=datetime(2026, 1, 1, 9, 1, tzinfo=UTC))
    keep(minute)
    assert day(NEW_YEARS_DAY).steps == 40.0
    keep(of_day(NEW_YEARS_DAY, 5000.0))
    assert day(NEW_YEARS_DAY).steps == 5000.0


def test_two_wearables_are_never_added_up(keep, day):
    keep(of_day(NEW_YEARS_DAY, 5000.0), of_day(NEW_YEARS_DAY, 5200.0, source="scale"))
    assert day(NEW_YEARS_DAY).steps == 5000.0


def test_the_wearable_that_was_worn_longer_gives_the_heart_rate(keep, day):
    keep(at(2026, 1, 1, 9), *(at(2026, 1, 1, hour, source="scale") for hour in (10, 11, 12)))
    assert (day(NEW_YEARS_DAY).heart_rate.n, day(NEW_YEARS_DAY).sources) == (3, ("scale",))


def test_a_total_belongs_to_its_day_also_when_the_vendor_is_hours_away(keep, day):
    keep(of_day(NEW_YEARS_DAY, 5000.0, zone=ZoneInfo("America/New_York")))
    assert day(NEW_YEARS_DAY).steps == 5000.0


def test_a_night_belongs_to_the_day_it_ends_on(keep, day):
    night = {"unit": "min", "start": datetime(2025, 12, 31, 22, tzinfo=UTC)}
    end = datetime(2026, 1, 1, 6, tzinfo=UTC)
    stages = {"sleep_deep": 90.0, "sleep_light": 240.0, "sleep_rem": 60.0}
    keep(*(measured(kind=k, value=v, **{**night, "end": end}) for k, v in stages.items()))
    assert day(NEW_YEARS_DAY).night == {"deep": 1.5, "light": 4.0, "rem": 1.0, "asleep": 6.5}
    assert day(date(2025, 12, 31)).night is None


def test_heart_rate_variability_says_which_statistic_it_is(keep, day):
    keep(of_day(NEW_YEARS_DAY, 31.0, "hrv", unit="ms", statistic="SDNN"))
    assert day(NEW_YEARS_DAY).hrv.series.statistic == "SDNN"


def test_types_that_may_not_be_read_are_not(world, keep):
    person = keep(at(2026, 1, 1, 12), of_day(NEW_YEARS_DAY, 5000.0))
    with world.engine.connect() as connection:
        [one] = local_days(connection, person, OSLO, NEW_YEARS_DAY, date(2026, 1, 2), {"steps"})
    assert (one.heart_rate, one.steps) == (None, 5000.0)


@pytest.mark.parametrize(
    ("window", "level"),
    [
        (timedelta(days=3), 300),
        (timedelta(days=4), 900),
        (timedelta(days=30), 3600),
        (timedelta(days=180), 21600),
        (timedelta(days=365), 86400),
        (timedelta(days=3650), 86400),
    ],
)
def test_the_finest_level_with_few_enough_buckets_is_read(window, level):
    assert (
        level_for(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC) + window)
        == level
    )


def test_buckets_tell_what_fell_into_them(world, keep):
    person = keep(at(2026, 1, 1, 9, 1, value=60.0), at(2026, 1, 1, 9, 4, value=80.0))
    start = datetime(2026, 1, 1, 9, tzinfo=UTC)
    with world.engine.connect() as connection:
        found = read_buckets(connection, person, "heart_rate", start, start + timedelta(hours=1))
    [one] = found.buckets
    assert (one.start, one.n, one.min, one.mean, one.max) == (start.timestamp(), 2, 60, 70, 80)
