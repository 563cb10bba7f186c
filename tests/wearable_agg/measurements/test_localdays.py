from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wearable_agg.measurements.localdays import day_of_night, days_between, midnight, stretches
from wearable_agg.store.clock import from_micros, to_micros

ZONES = [
    ZoneInfo(name)
    for name in (
        "Europe/Oslo",
        "Pacific/Kiritimati",
        "America/St_Johns",
        "Australia/Lord_Howe",
        "Asia/Beirut",
        "Pacific/Chatham",
        "America/Havana",
    )
]
DAYS = st.dates(date(2015, 1, 1), date(2030, 1, 1))


@pytest.mark.threat("T26")
@given(DAYS, st.integers(1, 400), st.sampled_from(ZONES))
def test_stretches_fill_the_window_without_gap_or_overlap(first, length, zone):
    last = first + timedelta(days=length)
    pieces = stretches(first, last, zone)
    assert pieces[0].start == to_micros(midnight(first, zone))
    assert pieces[-1].end == to_micros(midnight(last, zone))
    assert all(a.end == b.start for a, b in pairwise(pieces))


@given(DAYS, st.sampled_from(ZONES))
@example(date(2023, 9, 13), ZoneInfo("Asia/Beirut"))  # its clocks change at midnight
def test_within_a_stretch_the_offset_stays(first, zone):
    for piece in stretches(first, first + timedelta(days=200), zone):
        for instant in (piece.start, piece.end - 1):
            offset = from_micros(instant).astimezone(zone).utcoffset()
            assert offset == timedelta(seconds=piece.offset_seconds)


@given(DAYS, st.sampled_from(ZONES))
def test_the_middle_of_each_local_day_is_of_that_day(first, zone):
    for day in days_between(first, first + timedelta(days=60)):
        middle = to_micros(midnight(day, zone)) + 12 * 3600 * 1_000_000
        assert day_of_night(middle, zone) == day
