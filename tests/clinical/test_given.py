from datetime import date

import pytest

from clinical.chart import Background, Problem
from clinical.medications import (
    Administration,
    Code,
    Dispense,
    Order,
    lanes,
    with_events,
    without_order,
)

TODAY = date(2026, 3, 1)
ORDER = Order("MedicationRequest/m1", "Apixaban 5 mg", "active", start=date(2026, 1, 1))
ATC = Code("http://www.whocc.no/atc", "B01AF02")


def handed_out(on: date | None, days: float | None = None, **changes: object) -> Dispense:
    known = {"id": "MedicationDispense/d", "name": "apixaban 5 mg tablet", "status": "completed"}
    return Dispense(**{**known, "on": on, "days": days, **changes})  # type: ignore[arg-type]


def given(on: date | None, **changes: object) -> Administration:
    known = {"id": "MedicationAdministration/g", "name": "Apixaban", "status": "completed"}
    return Administration(**{**known, "on": on, **changes})  # type: ignore[arg-type]


def remarks(*events: Dispense | Administration) -> tuple[str, ...]:
    [lane] = with_events(lanes([ORDER], TODAY), [ORDER], events, TODAY)
    return lane.remarks


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([handed_out(date(2026, 2, 20), 30)], "dispensed supply lasts to 21 Mar 2026"),
        ([handed_out(date(2026, 1, 2), 30)], "dispensed supply ended 31 Jan 2026"),
        ([handed_out(date(2026, 2, 28), 1)], "dispensed supply ended 28 Feb 2026"),
        ([handed_out(date(2026, 3, 1), 1)], "dispensed supply lasts to 1 Mar 2026"),
        ([handed_out(date(2026, 2, 20))], "last dispensed 20 Feb 2026"),
        (
            [handed_out(date(2026, 1, 2), 30), handed_out(date(2026, 2, 20), 30)],
            "dispensed supply lasts to 21 Mar 2026",
        ),
        ([given(date(2026, 2, 3)), given(date(2026, 2, 5))], "last given 5 Feb 2026"),
    ],
)
def test_what_is_said_beside_the_lane(events: list[Dispense | Administration], said: str) -> None:
    assert remarks(*events) == (said,)


@pytest.mark.parametrize(
    "event",
    [
        handed_out(date(2026, 2, 20), 30, status="cancelled"),
        handed_out(date(2026, 2, 20), 30, status="in-progress"),
        handed_out(None, 30),
        given(date(2026, 2, 20), status="not-done"),
        given(date(2026, 2, 20), status="entered-in-error"),
        given(date(2026, 2, 20), name="Warfarin"),
    ],
)
def test_what_did_not_happen_is_not_said(event: Dispense | Administration) -> None:
    assert remarks(event) == ()


def test_an_event_is_about_the_drug_of_its_order_whatever_it_is_called() -> None:
    event = given(date(2026, 2, 5), name="Item 4711", orders=("MedicationRequest/m1",))
    assert remarks(event) == ("last given 5 Feb 2026",)


def test_an_event_is_known_by_its_code() -> None:
    assert remarks(given(date(2026, 2, 5), name="Eliquis", codes=(ATC,))) != ()


def test_drugs_without_an_order_are_named() -> None:
    events = [
        handed_out(date(2026, 2, 1), name="Warfarin 5 mg"),
        given(date(2026, 2, 1), name="Morphine 10 mg"),
        given(date(2026, 2, 1)),
        given(date(2026, 2, 1), name="Heparin", status="not-done"),
    ]
    assert without_order([ORDER], events) == ["Morphine", "Warfarin"]


@pytest.mark.parametrize("days", [0, 0.5, 10**9, None])
def test_a_supply_without_sense_has_no_end(days: float | None) -> None:
    assert handed_out(date(2026, 2, 1), days).lasts_to is None


@pytest.mark.parametrize(
    ("changes", "present"),
    [
        ({}, True),
        ({"clinical_status": "active"}, True),
        ({"clinical_status": "recurrence"}, True),
        ({"clinical_status": "resolved"}, False),
        ({"clinical_status": "active", "verification": "refuted"}, False),
        ({"verification": "entered-in-error"}, False),
        ({"abated": date(2025, 1, 1)}, False),
    ],
)
def test_a_problem_that_is_present(changes: dict[str, object], present: bool) -> None:
    problem = Problem("Condition/1", "AF", codes=(ATC,), **changes)  # type: ignore[arg-type]
    assert problem.is_present is present
    assert Background((problem,)).has([(ATC.system, ATC.code)]) is present
