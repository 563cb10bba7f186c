from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from dash.development.base_component import Component
from plotly.utils import PlotlyJSONEncoder

from clinical.findings import Decision, FindingState, allowed
from dashboards.findings_list import (
    acknowledged_findings,
    closed_findings,
    evidence,
    numbers,
    open_findings,
    reasons,
    title,
    write_state,
)
from dashboards.services import Finding, WriteState
from tests.dashboards.fake_services import NOW, FakeServices, decided

OSLO = ZoneInfo("Europe/Oslo")


@pytest.fixture
def ongoing() -> Finding:
    return FakeServices().kept["now"]


@pytest.fixture
def seen() -> Finding:
    return FakeServices().kept["old"]


def text(parts: list[Component]) -> str:
    return json.dumps(parts, cls=PlotlyJSONEncoder, ensure_ascii=False)


def test_the_finding_in_one_line(ongoing: Finding) -> None:
    assert title(ongoing) == "Possible atrial fibrillation, 24 min so far, rate up to 142 bpm"


def test_an_ended_finding_has_a_length(ongoing: Finding) -> None:
    ended = replace(ongoing, end=NOW, max_rate=None)
    assert title(ended) == "Possible atrial fibrillation, 24 min"


def test_the_evidence_in_local_time(ongoing: Finding) -> None:
    assert evidence(ongoing, OSLO) == (
        "since 20 Nov 15:06 · Heart patch 2 (ECG) · 97 % analysable · investigational software · "
        "not clinician-confirmed"
    )


def test_a_vendors_verdict_names_the_vendor(ongoing: Finding) -> None:
    theirs = replace(ongoing, decider="Withings", signal="PPG", end=NOW)
    assert "(PPG)" in evidence(theirs, OSLO)
    assert "decided by Withings" in evidence(theirs, OSLO)
    assert "investigational" not in evidence(theirs, OSLO)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("pending", "saving in chart…"),
        ("sending", "saving in chart…"),
        ("saved", "✓ saved in chart 15:30"),
        ("waiting", "not saved yet, will retry"),
        ("failed", "not saved in chart: refused by the chart"),
        ("held", "not sent to the chart: refused by the chart"),
        ("unsent", "not sent to the chart: refused by the chart"),
    ],
)
def test_the_state_in_the_chart_is_said(state: str, words: str) -> None:
    assert write_state(WriteState(state, NOW, "refused by the chart"), OSLO)[0] == words


def test_what_was_not_known_of_the_patient_is_stated(ongoing: Finding) -> None:
    told = replace(ongoing, write=WriteState("saved", NOW, "", ("birth date", "problem list")))
    words = "Not known when the site's rules were asked: birth date, problem list."
    assert words in text(open_findings([told], OSLO, {}))
    assert "Not known" not in text(open_findings([ongoing], OSLO, {}))


def test_an_open_finding_can_be_acknowledged_by_name(ongoing: Finding) -> None:
    drawn = text(open_findings([ongoing], OSLO, {}))
    assert "Acknowledge: Possible atrial fibrillation, 24 min so far" in drawn
    assert '"version": 1' in drawn


def test_words_being_typed_survive_a_redraw(ongoing: Finding) -> None:
    assert "Called her" in text(open_findings([ongoing], OSLO, {"now": "Called her"}))


def test_an_acknowledged_finding_says_who_when_and_why(seen: Finding) -> None:
    drawn = text(acknowledged_findings([seen], OSLO, {}))
    assert "1 acknowledged" in drawn
    assert "✓ Acknowledged by Dr Ingrid Lind · 9 Nov 17:54 “Called her”" in drawn
    assert '"Acknowledge"' not in drawn


def test_what_a_person_closed_is_told_with_its_whole_history(seen: Finding) -> None:
    last = decided(Decision.UNREADABLE, NOW, "")
    closed = replace(
        seen, state=FindingState.UNREADABLE, decisions=(*seen.decisions, last), version=3
    )
    drawn = text(closed_findings([closed], OSLO, {}))
    assert "1 closed" in drawn
    assert drawn.index("Acknowledged by") < drawn.index("Rejected as unreadable by Dr Ingrid Lind")
    assert open_findings([closed], OSLO, {})[0].to_plotly_json()["type"] == "P"
    assert acknowledged_findings([closed], OSLO, {}) == []


@pytest.mark.parametrize("state", FindingState)
def test_a_row_offers_what_the_state_allows_and_no_more(
    ongoing: Finding, state: FindingState
) -> None:
    finding = [replace(ongoing, state=state)]
    lists = (open_findings, acknowledged_findings, closed_findings)
    drawn = "".join(text(shown(finding, OSLO, {})) for shown in lists)
    assert set(re.findall(r'"decision": "(\w+)"', drawn)) == set(allowed(state))


def test_only_a_confirmation_confirms(ongoing: Finding) -> None:
    for state in FindingState:
        said = evidence(replace(ongoing, state=state), OSLO)
        assert ("not clinician-confirmed" in said) == (state is not FindingState.CONFIRMED)


def test_a_finding_says_how_probable_it_is_and_why(ongoing: Finding) -> None:
    [line] = reasons(ongoing)
    assert line.children == "When found: probability 93 %"
    [line] = numbers(ongoing)
    said = [getattr(part, "children", part) for part in line.children]
    assert "".join(said) == (
        "When found: RR alike 12 % · CoSEn −0.9 · other beat shapes 2 % · "
        "P wave repeats 21 % · QRS alike 97 % · RR entropy 0.73"
    )
    unsaid = replace(ongoing, probability=None, evidence={})
    assert (reasons(unsaid), numbers(unsaid)) == ([], [])


def test_the_severity_is_what_the_backend_says(ongoing: Finding) -> None:
    drawn = text(open_findings([replace(ongoing, severity="Low")], OSLO, {}))
    assert '"flag low"' in drawn


def test_an_ecg_is_offered_only_where_there_is_one(ongoing: Finding) -> None:
    without = replace(ongoing, has_strip=False)
    assert "ECG of" in text(open_findings([ongoing], OSLO, {}))
    assert "ECG of" not in text(open_findings([without], OSLO, {}))


def test_beats_alone_are_said_and_shown_as_that(ongoing: Finding) -> None:
    alone = {"has_strip": False, "has_beats": True, "beats_alone": True, "probability": None}
    told = replace(ongoing, **alone)
    assert "Heart patch 2 (heart-beats-only)" in evidence(told, OSLO)
    assert "(pulse-beats-only)" in evidence(replace(told, signal="PPG"), OSLO)
    drawn = text(open_findings([told], OSLO, {}))
    assert "Beats of" in drawn
    assert "there is no ECG to look at" in drawn
    assert "probability" not in drawn


def test_no_findings_is_said() -> None:
    assert "No open findings." in text(open_findings([], OSLO, {}))
    assert acknowledged_findings([], OSLO, {}) == []
    assert closed_findings([], OSLO, {}) == []


def test_a_finding_across_midnight_names_both_days(ongoing: Finding) -> None:
    late = replace(ongoing, onset=NOW + timedelta(hours=8), end=NOW + timedelta(hours=9))
    assert evidence(late, OSLO).startswith("20 Nov 23:30 – 21 Nov 00:30 · ")
