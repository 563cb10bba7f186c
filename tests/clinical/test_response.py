from datetime import date, timedelta

from clinical.measures import NotEnoughData
from clinical.medications import Order, lanes
from clinical.response import Response, baseline, dose_changes, rate_responses

TODAY = date(2026, 11, 20)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def metoprolol(amount: float, start: date, end: date | None = None) -> Order:
    status = "completed" if end else "active"
    return Order(
        str(start), "Metoprolol", status, start=start, end=end, amount=amount, unit="mg", per_day=1
    )


def resting(*levels: tuple[int, int, float]) -> dict[date, float]:
    """(days ago from, days ago to, bpm) as one value a day."""
    return {ago(d): bpm for first, last, bpm in levels for d in range(last, first + 1)}


RAISED = [metoprolol(50, ago(60), ago(21)), metoprolol(100, ago(20))]


def responses(orders: list[Order], values: dict[date, float]) -> list[Response]:
    return rate_responses(lanes(orders, TODAY), values, TODAY)


def test_the_medians_before_and_after_the_change_are_compared() -> None:
    (found,) = responses(RAISED, resting((40, 21, 62), (20, 0, 55)))
    assert found.difference == -7
    assert (found.to.label, found.to.on) == ("100 mg", ago(20))


def test_too_few_nights_give_no_difference() -> None:
    (found,) = responses(RAISED, resting((25, 21, 62), (20, 0, 55)))
    assert found.difference is None
    assert found.before == NotEnoughData(timedelta(days=5), timedelta(days=7))


def test_two_changes_close_together_cannot_be_told_apart() -> None:
    diltiazem = Order("d", "Diltiazem", "active", start=ago(15))
    assert responses([*RAISED, diltiazem], resting((40, 0, 60))) == []


def test_the_end_of_another_rate_drug_is_a_change_too() -> None:
    stopped = Order("d", "Diltiazem", "stopped", start=ago(90), end=ago(22))
    assert responses([*RAISED, stopped], resting((40, 0, 60))) == []


def test_a_drug_no_longer_taken_has_no_response() -> None:
    assert responses([metoprolol(50, ago(60), ago(30))], resting((90, 0, 60))) == []


def test_a_change_to_come_is_not_looked_at() -> None:
    assert responses([metoprolol(50, ago(-3))], resting((30, 0, 60))) == []


def test_other_drugs_are_not_looked_at() -> None:
    lisinopril = Order("l", "Lisinopril", "active", start=ago(20))
    assert responses([lisinopril], resting((40, 0, 60))) == []


def test_a_renewal_is_no_dose_change() -> None:
    orders = [metoprolol(50, ago(60), ago(21)), metoprolol(50, ago(20))]
    (lane,) = lanes(orders, TODAY)
    assert [change.on for change in dose_changes(lane)] == [ago(60)]


def test_the_baseline_is_measured_before_the_first_rate_drug() -> None:
    drawn = lanes(RAISED, TODAY)
    found = baseline(drawn, resting((90, 61, 70), (60, 0, 60)))
    assert not isinstance(found, NotEnoughData)
    assert found.value == 70


def test_an_unknown_start_leaves_no_baseline() -> None:
    drawn = lanes([Order("m", "Metoprolol", "stopped", end=ago(10))], TODAY)
    assert isinstance(baseline(drawn, resting((90, 0, 70))), NotEnoughData)
