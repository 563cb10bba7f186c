"""What is said of how much data stands behind a figure."""

from __future__ import annotations

import pytest

from bench.rhythm.certainty import certainty
from bench.rhythm.data import Labelled
from wearable_agg.validation.scoring import Tally
from wearable_agg.validation.windows import Windows

DAY = 86_400.0


def label(name: str, patient: str) -> Labelled:
    return Labelled("any", name, patient, DAY, (), ())


def of(windows: Windows, false_alarms: int = 0) -> Tally:
    return Tally(
        windows=windows,
        false_alarms={30: false_alarms, 120: 0, 360: 0},
        watched_seconds=DAY,
    )


def test_no_false_alarm_in_a_day_leaves_three_a_day_possible() -> None:
    said = certainty({label("a", "a"): of(Windows(true_negative=10))})
    assert "alarms of 120 s: 0 false in 1.00 days, at most 3.00 a day (95 %)" in said


def test_false_alarms_are_counted_over_all_records() -> None:
    quiet = Windows(true_negative=10)
    said = certainty({label("a", "a"): of(quiet, 1), label("b", "b"): of(quiet, 2)})
    assert "alarms of 30 s: 3 false in 2.00 days" in said


def test_records_of_one_subject_are_one() -> None:
    windows = Windows(true_positive=8, false_negative=2)
    said = certainty({label("a", "one"): of(windows), label("b", "one"): of(windows)})
    assert "20 windows of AF, 1 subject: Se 80.0, too few subjects for an interval" in said


def test_subjects_that_differ_make_a_wide_interval() -> None:
    found, missed = Windows(true_positive=10), Windows(false_negative=10)
    tallies = {label(name, name): of(found if name < "c" else missed) for name in "abcd"}
    assert "40 windows of AF, 4 subjects: Se 50.0 (95 %: 0.0 to 100.0)" in certainty(tallies)


def test_without_an_error_it_is_said_how_many_people_may_have_one() -> None:
    right = Windows(true_negative=10)
    said = certainty({label(name, name): of(right) for name in "abcdefgh"})
    assert "Sp 100.0, no error in any: up to 31 % of people may have one (95 %)" in said


@pytest.mark.parametrize("rhythm", ["of AF", "without AF"])
def test_nothing_is_said_of_a_rhythm_that_was_not_there(rhythm: str) -> None:
    windows = Windows(true_negative=10) if rhythm == "of AF" else Windows(true_positive=10)
    assert f"windows {rhythm}" not in certainty({label("a", "a"): of(windows)})
