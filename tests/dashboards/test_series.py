from __future__ import annotations

from datetime import date, timedelta

import pytest

from dashboards.series import Gap, asleep, gaps, numbers, one_statistic, table, worn_share
from dashboards.services import Day, HeartRate, Hrv, Sleep

FIRST = date(2026, 11, 1)


def days(*facts: dict[str, object]) -> list[Day]:
    return [Day(FIRST + timedelta(days=n), **fact) for n, fact in enumerate(facts)]  # type: ignore[arg-type]


def heart(coverage: float) -> dict[str, object]:
    return {"heart_rate": HeartRate(50, 120, 70, 100, coverage)}


def test_unmeasured_is_none_and_not_zero() -> None:
    frame = table(days({"steps": 0.0}, {}))
    assert numbers(frame["steps"]) == [0.0, None]


def test_hardly_worn_days_join_to_gaps() -> None:
    frame = table(days(heart(0.9), heart(0.1), {}, heart(0.9), {}))
    assert gaps(frame, date(2026, 11, 20)) == [
        Gap(date(2026, 11, 2), date(2026, 11, 3)),
        Gap(date(2026, 11, 5), date(2026, 11, 5)),
    ]


def test_a_night_without_stored_heart_rate_was_worn() -> None:
    frame = table(days(heart(0.9), {"resting_heart_rate": 61.0}, {"steps": 900.0}))
    assert gaps(frame, date(2026, 11, 20)) == [Gap(date(2026, 11, 3), date(2026, 11, 3))]
    assert worn_share(frame, date(2026, 11, 20)) == [0.9, 0.0]


def test_today_is_no_gap() -> None:
    frame = table(days(heart(0.9), heart(0.01)))
    assert gaps(frame, FIRST + timedelta(days=1)) == []


def test_a_device_without_heart_rate_is_worn_where_it_counts_steps() -> None:
    frame = table(days({"steps": 4000.0}, {}, {"steps": 3000.0}))
    assert gaps(frame, date(2026, 11, 20)) == [Gap(date(2026, 11, 2), date(2026, 11, 2))]


def test_rmssd_and_sdnn_are_not_mixed() -> None:
    rmssd, sdnn = {"hrv": Hrv(40, "RMSSD")}, {"hrv": Hrv(60, "SDNN")}
    values, statistic = one_statistic(table(days(rmssd, sdnn, rmssd)))
    assert (numbers(values), statistic) == ([40.0, None, 40.0], "RMSSD")


@pytest.mark.parametrize(
    ("sleep", "hours"),
    [
        (Sleep(1.0, 4.0, 1.5, 0.5, None), 6.5),
        (Sleep(None, None, None, None, 7.0), 7.0),
        (Sleep(1.0, 4.0, 1.5, 0.5, 6.4), 6.4),
    ],
)
def test_hours_asleep_are_the_devices_or_the_sum_of_stages(sleep: Sleep, hours: float) -> None:
    assert asleep(table(days({"sleep": sleep}))).tolist() == [hours]


def test_no_days_are_an_empty_table() -> None:
    assert gaps(table([]), FIRST) == []
