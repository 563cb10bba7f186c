from __future__ import annotations

from collections.abc import Iterator

import pytest

from smart.ahead import next_in_line
from tests.conformance.simulator.server import Answer, of_fhir
from tests.support.scripted_fhir import ScriptedFhir, bundle
from tests.support.stub_ehr import order

SLOW = 0.15
PAGES = 8


@pytest.fixture
def fhir() -> Iterator[ScriptedFhir]:
    running = ScriptedFhir()
    yield running
    running.close()


def serve_pages(fhir: ScriptedFhir, names: list[str], **more: int) -> None:
    """Slow pages of one order each; the first is the search itself, the others have names."""
    targets = ["MedicationRequest", *(f"MedicationRequest?{name}" for name in names)]
    for number, target in enumerate(targets):
        following = f"{fhir.base}/{targets[number + 1]}" if number + 1 < len(targets) else ""
        page = of_fhir(bundle(order(f"m{number}"), following=following, **more))
        fhir.serve(target, Answer(200, page.body, page.headers, seconds=SLOW))


def ids(fhir: ScriptedFhir) -> list[str]:
    found = fhir.reader.search("MedicationRequest", {"patient": "marit"})
    assert found.problems == []
    return [resource["id"] for resource in found.resources]


def test_numbered_pages_of_a_slow_ehr_are_fetched_side_by_side(fhir: ScriptedFhir) -> None:
    serve_pages(fhir, [f"page={n}" for n in range(2, PAGES + 1)], total=PAGES)
    assert ids(fhir) == [f"m{n}" for n in range(PAGES)]
    assert fhir.most_at_once >= 2
    assert len(fhir.asked) == len(set(fhir.asked)) == PAGES


def test_opaque_links_are_followed_unchanged_and_never_made_up(fhir: ScriptedFhir) -> None:
    names = ["-pageContext=8f3a%2F%3D&x", "-pageContext=77c1%2B", "-pageContext=0aa%7E"]
    serve_pages(fhir, names, total=4)
    assert ids(fhir) == ["m0", "m1", "m2", "m3"]
    assert fhir.most_at_once == 1
    assert fhir.asked[1:] == [f"MedicationRequest?{name}" for name in names]


@pytest.mark.parametrize("more", [{}, {"total": 4}])
def test_no_page_is_asked_for_that_the_ehr_does_not_speak_of(
    fhir: ScriptedFhir, more: dict[str, int]
) -> None:
    serve_pages(fhir, ["page=2", "page=3", "page=4"], **more)
    assert len(ids(fhir)) == len(fhir.asked) == 4


def test_a_page_that_was_foreseen_wrongly_is_not_used(fhir: ScriptedFhir) -> None:
    serve_pages(fhir, ["page=2", "page=3", "page=9"], total=20)
    fhir.serve("MedicationRequest?page=4", bundle(order("wrong")))
    assert ids(fhir) == ["m0", "m1", "m2", "m3"]


def test_the_next_page_is_on_its_way_while_drugs_are_read(fhir: ScriptedFhir) -> None:
    serve_pages(fhir, ["c=x", "c=yy"])
    page = bundle(
        *(
            order(f"r{n}", medicationCodeableConcept=None)
            | {"medicationReference": {"reference": f"Medication/d{n}"}}
            for n in range(4)
        ),
        following=f"{fhir.base}/MedicationRequest?c=x",
    )
    body = of_fhir(page)
    fhir.serve("MedicationRequest", Answer(200, body.body, body.headers, seconds=SLOW))
    for n in range(4):
        drug = of_fhir({"resourceType": "Medication", "id": f"d{n}", "code": {"text": f"D{n}"}})
        fhir.serve(f"Medication/d{n}", Answer(200, drug.body, drug.headers, seconds=SLOW))
    read = fhir.record().medications(["patient/*.rs"])
    assert [entry.name for entry in read.orders][:4] == ["D0", "D1", "D2", "D3"]
    assert fhir.most_at_once >= 3


@pytest.mark.parametrize(
    ("previous", "current", "following"),
    [
        ("b/M?page=2", "b/M?page=3", "b/M?page=4"),
        ("b/M?o=20&c=20", "b/M?o=40&c=20", "b/M?o=60&c=20"),
        ("b/M?o=40", "b/M?o=20", ""),
        ("b/M?o=20", "b/M?o=20", ""),
        ("b/M?o=2&p=1", "b/M?o=3&p=2", ""),
        ("b/M?o=a1", "b/M?o=a2", ""),
        ("b/M?o=1", "b/M?p=2", ""),
        ("b/M?o=1", "b/N?o=2", ""),
        ("b/M?patient=x", "b/M?page=2", ""),
        ("b/M", "b/M?page=2", ""),
        ("b/M?o=1", "b/M?o=99999999999999999999", ""),
        ("b/M?o=1", "b/M?o=٢", ""),
    ],
)
def test_only_one_growing_number_says_what_comes_next(
    previous: str, current: str, following: str
) -> None:
    assert next_in_line(previous, current) == following
