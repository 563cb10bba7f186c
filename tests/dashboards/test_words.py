from datetime import UTC, date, datetime, timedelta

import pytest

from dashboards import words

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(seconds=45), "45 s"),
        (timedelta(minutes=24), "24 min"),
        (timedelta(hours=3, minutes=12), "3 h 12 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(hours=52), "2 d 4 h"),
    ],
)
def test_durations(length: timedelta, said: str) -> None:
    assert words.duration(length) == said


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=24), "24 min ago"),
        (timedelta(hours=2, minutes=50), "2 h ago"),
        (timedelta(days=3), "3 d ago"),
    ],
)
def test_how_long_ago(before: timedelta, said: str) -> None:
    assert words.ago(NOW - before, NOW) == said


def test_days_between() -> None:
    assert words.days_between(date(2026, 10, 18), date(2026, 10, 21)) == "18–21 Oct"
    assert words.days_between(date(2026, 10, 28), date(2026, 11, 3)) == "28 Oct – 3 Nov"


def test_signs() -> None:
    assert [words.signed(value) for value in (-5, 0.2, 1445)] == ["−5", "±0", "+1,445"]


def test_a_birthday_counts_from_its_day() -> None:
    born = date(1958, 3, 14)
    assert words.age(born, date(2026, 3, 13)) == 67
    assert words.age(born, date(2026, 3, 14)) == 68
