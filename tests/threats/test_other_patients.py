"""Every callback of the page, replayed with what belongs to another patient."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from tests.app.conftest import Browser
from tests.threats.callbacks import Values, answered_by_the_server, body_of, values_of
from tests.threats.hospital import OF_JONAS, Hospital

pytestmark = pytest.mark.threat("T15")


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[Hospital]:
    with Hospital(tmp_path / "data") as running:
        yield running


def callbacks(browser: Browser) -> list[Values]:
    """Every callback that the server answers."""
    return answered_by_the_server(browser.get("/c/_dash-dependencies").json)


def send(browser: Browser, entry: Values, path: str, values: Values) -> TestResponse:
    """A callback as the browser would send it, with `values` for what it passes."""
    return browser.callback(path, **body_of(entry, path, values))


def asked_about(hospital: Hospital, name: str) -> list[str]:
    """Requests to the EHR that name a patient."""
    asked = [f"{sent.path}?{sent.query}" for sent in hospital.ehr.sent if "fhir" in sent.path]
    return [each for each in asked if name in each]


def test_the_values_are_such_that_the_page_acts_on_them(hospital: Hospital) -> None:
    """The control: sent from the patient's own page, every one of these requests has an effect."""
    browser = hospital.browser()
    path = browser.launch("jonas")
    entries = callbacks(browser)
    answers = [send(browser, e, path, values_of(hospital.findings["jonas"])) for e in entries]
    shown = "".join(answer.text for answer in answers)
    assert all(word in shown for word in OF_JONAS)
    assert "link-field" in shown
    assert hospital.acknowledged("jonas")


def test_the_page_of_another_browser_gives_nothing_and_is_audited(hospital: Hospital) -> None:
    mine, theirs = hospital.browser(), hospital.browser()
    mine.launch("marit")
    path = theirs.launch("jonas")
    hospital.ehr.sent.clear()
    for entry in callbacks(mine):
        answer = send(mine, entry, path, values_of(hospital.findings["jonas"]))
        assert answer.status_code == 403 or "This session has ended" in answer.text
        assert not any(word in answer.text for word in OF_JONAS), entry["output"]
    assert asked_about(hospital, "jonas") == []
    assert not hospital.acknowledged("jonas")
    refused = hospital.audited("context.refused")
    assert refused == [f"context/{path.split('/')[2]}"] * len(callbacks(mine))


def test_ids_of_another_patient_in_the_own_page_give_nothing(hospital: Hospital) -> None:
    browser, theirs = hospital.browser(), hospital.browser()
    theirs.launch("jonas")
    path = browser.launch("marit")
    hospital.ehr.sent.clear()
    for entry in callbacks(browser):
        answer = send(browser, entry, path, values_of(hospital.findings["jonas"]))
        assert not any(word in answer.text for word in OF_JONAS), entry["output"]
    assert asked_about(hospital, "jonas") == []
    assert not hospital.acknowledged("jonas")


@pytest.mark.parametrize("name", ["patient.children", "timeline.figure", "table-data.data"])
def test_what_depends_on_no_id_is_the_same_whatever_ids_come(hospital: Hospital, name: str) -> None:
    browser = hospital.browser()
    path = browser.launch("marit")
    [entry] = [e for e in callbacks(browser) if name in e["output"]]
    usual, foreign = (
        send(browser, entry, path, values_of(hospital.findings[whose])).json
        for whose in ("marit", "jonas")
    )
    assert usual == foreign
