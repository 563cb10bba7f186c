from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from smart.errors import EhrBusy, EhrUnavailable
from smart.patience import Budget, asked_to_wait
from tests.conformance.simulator.server import Answer, of_fhir
from tests.support.scripted_fhir import ScriptedFhir, bundle
from tests.support.stub_ehr import order, patient

MARIT = of_fhir(patient())


def busy(status: int = 429, **headers: str) -> Answer:
    return Answer(status, b"", {name.replace("_", "-"): value for name, value in headers.items()})


@pytest.fixture
def fhir() -> Iterator[ScriptedFhir]:
    running = ScriptedFhir()
    yield running
    running.close()


@pytest.mark.threat("T40")
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_ehr_is_asked_again_and_not_sooner_than_it_says(
    fhir: ScriptedFhir, status: int
) -> None:
    fhir.serve("Patient/marit", busy(status, Retry_After="1"), MARIT)
    began = time.monotonic()
    assert fhir.reader.read("Patient", "marit")["id"] == "marit"
    assert 1.0 <= time.monotonic() - began < 3.0
    assert len(fhir.asked) == 2


def test_without_a_word_it_is_asked_again_soon_and_three_times_at_most(fhir: ScriptedFhir) -> None:
    fhir.serve("Patient/marit", busy())
    began = time.monotonic()
    with pytest.raises(EhrBusy):
        fhir.reader.read("Patient", "marit")
    assert len(fhir.asked) == 3
    assert 1.0 < time.monotonic() - began < 4.0


@pytest.mark.threat("T40")
@pytest.mark.parametrize("seconds", ["9", "86400", "999999999999999999999"])
def test_an_ehr_that_asks_for_longer_than_a_person_waits_is_left_in_peace(
    fhir: ScriptedFhir, seconds: str
) -> None:
    fhir.serve("Patient/marit", busy(Retry_After=seconds), MARIT)
    with pytest.raises(EhrBusy):
        fhir.reader.read("Patient", "marit")
    assert len(fhir.asked) == 1


def test_waiting_counts_against_the_budget(fhir: ScriptedFhir) -> None:
    fhir.serve("Patient/marit", busy(Retry_After="2"), MARIT)
    with pytest.raises(EhrBusy):
        fhir.reader.read("Patient", "marit", Budget(1.0))
    assert len(fhir.asked) == 1


@pytest.mark.parametrize("status", [500, 502, 504])
def test_other_faults_are_not_repeated(fhir: ScriptedFhir, status: int) -> None:
    fhir.serve("Patient/marit", Answer(status), MARIT)
    with pytest.raises(EhrUnavailable):
        fhir.reader.read("Patient", "marit")
    assert len(fhir.asked) == 1


def test_a_busy_page_in_the_middle_loses_nothing(fhir: ScriptedFhir) -> None:
    second = f"{fhir.base}/MedicationRequest?page=2"
    fhir.serve("MedicationRequest", bundle(order("a"), following=second))
    fhir.serve("MedicationRequest?page=2", busy(Retry_After="0"), of_fhir(bundle(order("b"))))
    found = fhir.reader.search("MedicationRequest", {"patient": "marit"})
    assert [resource["id"] for resource in found.resources] == ["a", "b"]
    assert found.problems == []


def test_a_search_ends_when_its_time_is_up(fhir: ScriptedFhir) -> None:
    for number in range(1, 9):
        following = f"{fhir.base}/MedicationRequest?page={number + 1}&x={number * number}"
        page = of_fhir(bundle(order(f"m{number}"), following=following))
        slow = Answer(200, page.body, page.headers, seconds=0.2)
        fhir.serve(f"MedicationRequest?page={number}&x={(number - 1) ** 2}", slow)
        fhir.answers.setdefault("MedicationRequest", [slow])
    found = fhir.reader.search("MedicationRequest", {"patient": "marit"}, budget=Budget(0.5))
    assert 1 < len(found.resources) < 6
    assert "The EHR takes too long" in found.problems[0]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("0", 0), ("7", 7), ("  3 ", 3), ("-1", None), ("soon", None), ("", None), ("1.5", None)],
)
def test_retry_after_in_seconds(said: str, seconds: float | None) -> None:
    assert asked_to_wait({"Retry-After": said}) == seconds


def test_retry_after_as_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert asked_to_wait({"Retry-After": later}) == pytest.approx(30, abs=2)
    assert asked_to_wait({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
    assert asked_to_wait({}) is None
