"""The way through the demo EHR's own sign-in, and its charts as the page gets them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dashboards.services import MedicationRead, Missing
from tests.support.hospital import WEB, Hospital


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    running = Hospital(tmp_path_factory.mktemp("hospital"))
    yield running
    running.close()


def lanes(read: MedicationRead) -> set[str]:
    return {lane.name.split()[0] for lane in read.lanes}


def test_a_launch_from_the_demo_ehr_ends_on_the_page(hospital: Hospital) -> None:
    browser = hospital.web.test_client()
    assert browser.get(hospital.launch(browser, "marit-solheim"), base_url=WEB).status_code == 200


def test_the_launched_patient_is_the_one_shown(hospital: Hospital) -> None:
    banner = hospital.ask("marit-solheim", "banner")
    assert (banner.name, banner.sex, banner.identifier) == ("Marit Solheim", "F", "004417")


def test_orders_and_the_patients_own_words_are_read(hospital: Hospital) -> None:
    read = hospital.ask("marit-solheim", "medications")
    drugs = {"Apixaban", "Metoprolol", "Lisinopril", "Diltiazem", "Sertraline"}
    assert lanes(read) == drugs
    assert read.gaps == ()


def test_drugs_by_reference_and_contained_have_names(hospital: Hospital) -> None:
    read = hospital.ask("elena-rossi", "medications")
    assert read.lanes
    assert not any("without a readable name" in lane.name for lane in read.lanes)


def test_no_medications_is_an_answer(hospital: Hospital) -> None:
    assert hospital.ask("li-wei", "medications") == MedicationRead(())


def test_what_is_forbidden_is_said(hospital: Hospital) -> None:
    read = hospital.ask("peter-novak", "medications")
    said = [read.reason] if isinstance(read, Missing) else read.gaps
    assert any("not permit" in sentence for sentence in said)
