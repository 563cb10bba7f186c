from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clinical.chart import Allergy, Background, Problem, Visit
from dashboards.background import background_panel
from dashboards.services import Missing

OSLO = ZoneInfo("Europe/Oslo")


def said(read: Background | Missing) -> str:
    """The words of the panel, one line for each term, entry or notice."""
    return "\n".join(line for part in background_panel(read, OSLO) for line in _words(part))


def _words(part: Any) -> list[str]:
    if isinstance(part, str):
        return [part]
    children = part.children
    within = children if isinstance(children, list) else [children]
    found = [word for child in within for word in _words(child)]
    return ["".join(found)] if type(part).__name__ in ("Li", "P") else found


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        ({"name": "Asthma", "onset": date(2011, 2, 3)}, "Asthma (since 2011)"),
        ({"name": "Asthma", "verification": "provisional"}, "Asthma, provisional"),
        ({"name": "Asthma", "verification": "confirmed"}, "Asthma"),
    ],
)
def test_a_problem_says_since_when_and_how_sure(problem: dict[str, Any], words: str) -> None:
    assert said(Background((Problem("Condition/1", **problem),))).splitlines()[-1] == words


def test_what_is_over_or_was_refuted_is_not_shown() -> None:
    over = Problem("Condition/1", "Pneumonia", clinical_status="resolved")
    refuted = Allergy("AllergyIntolerance/1", "Latex", verification="refuted")
    missed = Visit("Encounter/1", "Check-up", "cancelled", "AMB")
    assert said(Background((over,), (refuted,), (missed,))) == ""


def test_an_allergy_of_high_risk_comes_first() -> None:
    mild = Allergy("AllergyIntolerance/1", "Pollen", reactions=("Sneezing",))
    grave = Allergy("AllergyIntolerance/2", "Penicillin", criticality="high", reactions=("Shock",))
    lines = said(Background(allergies=(mild, grave))).splitlines()
    assert lines[-2:] == ["Penicillin (high risk): Shock", "Pollen: Sneezing"]


def test_visits_are_the_newest_in_the_patients_day() -> None:
    late = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    visits = tuple(
        Visit(f"Encounter/{n}", "Visit", "finished", "AMB", late.replace(month=1 + n))
        for n in range(7)
    )
    lines = said(Background(visits=visits)).splitlines()
    assert lines[-6:] == [
        "2 Jul 2026: Visit, outpatient",
        "2 Jun 2026: Visit, outpatient",
        "2 May 2026: Visit, outpatient",
        "2 Apr 2026: Visit, outpatient",
        "2 Mar 2026: Visit, outpatient",
        "and 2 earlier",
    ]


def test_none_is_said_only_of_what_was_read_to_the_end() -> None:
    read = Background(gaps=("Allergies: not permitted",), complete=frozenset({"Condition"}))
    assert said(read).splitlines()[1:] == [
        "Problems",
        "None in the chart",
        "Allergies: not permitted",
    ]


def test_a_site_that_asks_for_none_of_it_has_no_panel() -> None:
    assert background_panel(Background(), OSLO) == []


def test_a_chart_that_does_not_answer_is_said() -> None:
    read = Missing("Problems, allergies and visits", "The EHR does not answer at the moment.")
    assert said(read).endswith("Not readable now: The EHR does not answer at the moment.")
