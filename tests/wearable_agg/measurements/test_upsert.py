import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.backend import measured, open_world
from wearable_agg.measurements.batch import batch_of
from wearable_agg.measurements.rollup import LEVELS
from wearable_agg.measurements.types import TYPES
from wearable_agg.measurements.upsert import write_batch
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import writing

KEPT = "SELECT start, value, version FROM measurements ORDER BY series_id, start"
ROLLUPS = "SELECT * FROM rollups ORDER BY series_id, level, start"


def write(world, measurements):
    with writing(world.engine) as connection:
        person = person_for(connection, "sandbox", "i", "p", True, "Europe/Oslo")
        return write_batch(connection, "sandbox", person, batch_of(measurements, TYPES))


def test_the_same_again_changes_nothing(world):
    samples = [measured(minute) for minute in range(30)]
    assert (write(world, samples).new, write(world, samples).new) == (30, 0)
    assert world.rows("SELECT count(*) FROM measurements") == [(30,)]


def test_a_changed_value_amends_and_the_old_one_is_history(world):
    write(world, [measured(5, 60.0)])
    assert write(world, [measured(5, 64.0)]).amended == 1
    assert world.rows("SELECT value, version FROM measurements") == [(64.0, 2)]
    assert world.rows("SELECT value, version FROM measurement_history") == [(60.0, 1)]


def test_one_corrected_value_among_thousands_of_the_same_is_found(world):
    samples = [measured(minute) for minute in range(8000)]
    write(world, samples)
    before = world.rows(KEPT)
    assert write(world, samples).new == write(world, samples[::-1]).new == 0
    assert world.rows(KEPT) == before
    samples[5713] = measured(5713, 199.0)
    told = write(world, samples)
    assert (told.new, told.amended) == (0, 1)
    assert world.rows("SELECT count(*), max(max) FROM rollups WHERE max = 199") == [(5, 199.0)]


def test_values_between_those_that_are_kept_are_new(world):
    write(world, [measured(minute) for minute in range(0, 100, 2)])
    told = write(world, [measured(minute) for minute in range(100)])
    assert (told.new, told.amended) == (50, 0)


def test_the_later_of_two_values_in_one_batch_counts(world):
    write(world, [measured(5, 60.0), measured(5, 64.0)])
    assert world.rows("SELECT value, version FROM measurements") == [(64.0, 1)]


def test_a_corrected_peak_leaves_every_rollup(world):
    write(world, [measured(1, 60.0), measured(2, 250.0)])
    write(world, [measured(2, 70.0)])
    assert world.rows("SELECT DISTINCT n, sum, min, max FROM rollups") == [(2, 130.0, 60.0, 70.0)]


def test_rollups_count_every_sample_once(world):
    write(world, [measured(minute) for minute in range(0, 3000, 7)])
    per_level = world.rows("SELECT level, sum(n) FROM rollups GROUP BY level ORDER BY level")
    assert per_level == [(level, len(range(0, 3000, 7))) for level in LEVELS]


def test_new_values_beside_others_are_added_to_the_buckets_they_share(world):
    for minutes in ((0, 1), (12, 13, 3000), (-2, -1), (2, 3)):
        write(world, [measured(n, 60.0 + abs(n) % 40) for n in minutes])
    per_level = "SELECT count(*), sum(n), sum(sum), min(min), max(max) FROM rollups GROUP BY level"
    told = (9, 9 * 60.0 + 34, 60.0, 73.0)
    assert world.rows(f"{per_level} ORDER BY level") == [(n, *told) for n in (4, 3, 3, 3, 3)]
    first = "SELECT n, sum, min, max, coverage FROM rollups WHERE level = 900 ORDER BY start"
    assert world.rows(first)[1] == (6, 6 * 60.0 + 31, 60.0, 73.0, 900.0)


def test_a_sample_every_ten_minutes_covers_the_hour(world):
    write(world, [measured(minute) for minute in range(0, 60, 10)])
    assert world.rows("SELECT coverage FROM rollups WHERE level = 3600") == [(3600.0,)]


def test_one_sample_covers_a_quarter_of_an_hour(world):
    write(world, [measured(61)])
    assert world.rows("SELECT coverage FROM rollups WHERE level = 86400") == [(900.0,)]


def test_two_statistics_of_one_instant_are_two_measurements(world):
    for statistic in ("RMSSD", "SDNN"):
        write(world, [measured(1, 40.0, "hrv", statistic=statistic)])
    assert world.rows("SELECT count(*) FROM measurements") == [(2,)]


def test_daily_totals_are_not_added_to_what_they_are_the_total_of(world):
    day = measured(0, 900.0, "steps", end=measured(24 * 60).start)
    minute = measured(0, 40.0, "steps", end=measured(1).start)
    written = write(world, [day, minute])
    assert [one.type for one in written.days] == ["steps"]
    assert world.rows("SELECT DISTINCT sum FROM rollups") == [(40.0,)]


@pytest.mark.threat("T25")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"type": "moon_phase"}, "unknown type"),
        ({"unit": "Hz"}, "wrong unit"),
        ({"value": float("nan")}, "not a number"),
        ({"value": float("inf")}, "not a number"),
        ({"end": datetime(2025, 12, 31, tzinfo=UTC)}, "ends before it starts"),
        ({"start": datetime(1970, 1, 1, tzinfo=UTC)}, "impossible time"),
        ({"end": datetime.now(UTC) + timedelta(days=9)}, "impossible time"),
        ({"end": datetime.now(UTC) + timedelta(hours=9)}, "in the future"),
        ({"value": 301.0}, "beyond what can be measured"),
    ],
)
def test_what_cannot_be_a_measurement_is_refused_with_a_reason(change, reason):
    one = replace(measured(), **change)
    if reason == "in the future":
        one = replace(one, start=one.end)
    batch = batch_of([one, measured(1)], TYPES)
    assert batch.refusals() == f"1 x {reason}"
    assert sum(map(len, batch.rows.values())) == 1


def test_what_is_not_consented_to_is_refused():
    assert batch_of([measured()], {"steps"}).refusals() == "1 x no consent"


@pytest.mark.threat("T29")
@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 3000), min_size=1, max_size=120, unique=True), st.randoms())
def test_any_order_and_repetition_ends_in_the_same_rows(tmp_path_factory, minutes, chance):
    samples = [measured(minute, 50 + minute % 90) for minute in minutes]
    ends = []
    for parts in ([samples], _scattered(samples, chance)):
        world = open_world(tmp_path_factory.mktemp("order"))
        for part in parts:
            write(world, part)
        ends.append((world.rows(KEPT), world.rows(ROLLUPS)))
    assert ends[0] == ends[1]


def _scattered(samples, chance: random.Random):
    """The same samples in any order, some of them again, in batches of any size."""
    mixed = samples + chance.sample(samples, k=len(samples) // 2)
    chance.shuffle(mixed)
    cut = chance.randrange(len(mixed))
    return [mixed[:cut], mixed[cut:]]
