"""Every callback of the page, replayed with what belongs to another patient."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.app.conftest import Browser
from tests.threats.hospital import OF_JONAS, Hospital

pytestmark = pytest.mark.threat("T15")

VIEWPORT = {"width": 1280, "dark": False, "theme": "light", "compact": False, "visit": "v1"}
Values = dict[str, Any]


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[Hospital]:
    with Hospital(tmp_path / "data") as running:
        yield running


def callbacks(browser: Browser) -> list[Values]:
    """Every callback that the server answers."""
    known = browser.get("/c/_dash-dependencies").json or []
    return [entry for entry in known if not entry.get("clientside_function")]


def values_of(finding: str) -> Values:
    """What the page would send that names a finding, or asks for something of a patient."""
    button = {"finding": finding, "type": "acknowledge", "version": 1}
    note = {"finding": finding, "type": "note"}
    return {
        "viewport.data": VIEWPORT,
        "range.data": "90",
        "table-range.data": "90",
        "tick.data": 1,
        "revision.data": None,
        "newest.data": finding,
        "chosen.data": finding,
        "invite.n_clicks": 1,
        "acknowledge.n_clicks": [{"id": button, "property": "n_clicks", "value": 1}],
        "note.id": [{"id": note, "property": "id", "value": note}],
        "note.value": [{"id": note, "property": "value", "value": "seen"}],
    }


def send(browser: Browser, entry: Values, path: str, values: Values) -> TestResponse:
    """A callback as the browser would send it, with `values` for what it passes."""
    names = [name.rpartition(".") for name in entry["output"].strip(".").split("...")]
    outputs: Any = [{"id": name[0], "property": name[2]} for name in names]
    parts = {
        part: [_value(wire, path, values) for wire in entry[part]] for part in ("inputs", "state")
    }
    changed = [f"{wire['id']}.{wire['property']}" for wire in entry["inputs"]][-1]
    if "acknowledge" in changed:
        [button] = values["acknowledge.n_clicks"]
        changed = _as_dash_writes(button["id"]) + ".n_clicks"
    several = entry["output"].startswith("..")
    return browser.callback(
        path,
        output=entry["output"],
        outputs=outputs if several else outputs[0],
        changedPropIds=[changed],
        **parts,
    )


def _value(wire: Values, path: str, values: Values) -> Any:
    name = f"{wire['id']}.{wire['property']}"
    if "{" in wire["id"]:
        kind = "acknowledge" if "acknowledge" in wire["id"] else "note"
        return values[f"{kind}.{wire['property']}"]
    return {**wire, "value": path if name == "url.pathname" else values.get(name)}


def _as_dash_writes(identifier: Values) -> str:
    finding, version = identifier["finding"], identifier["version"]
    return f'{{"finding":"{finding}","type":"acknowledge","version":{version}}}'


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
