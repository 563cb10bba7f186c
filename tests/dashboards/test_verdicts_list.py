"""Verdicts on the rhythm as a list and on the timeline."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from plotly.utils import PlotlyJSONEncoder

from clinical.verdicts import Meaning, Signal
from dashboards.services import Analysed, RhythmRead
from dashboards.verdicts_list import MOST, SHOWN, evidence, verdicts_panel
from tests.dashboards.fake_services import verdicts

OSLO = ZoneInfo("Europe/Oslo")
OWN, APPLE, PULSE = verdicts()[:3]


def panel(*events: object, left_out: int = 0) -> str:
    drawn = verdicts_panel(RhythmRead((), Analysed(), Analysed(), events, left_out), OSLO)  # type: ignore[arg-type]
    return json.dumps(drawn, cls=PlotlyJSONEncoder, ensure_ascii=False)


def test_our_verdict_is_investigational_and_of_a_recording_without_probability() -> None:
    told = "18 Nov 05:54 · Apple Watch (ECG) · Wristchart, {}, version 2-1f0c9a3e, investigational"
    assert evidence(OWN, OSLO) == told.format("recording")
    stream = replace(OWN, decider="wristchart-rhythm", probability=0.97)
    probable = " · probability of atrial fibrillation 97 %"
    assert evidence(stream, OSLO) == told.format("stream") + probable


def test_our_verdict_on_beats_alone_says_so() -> None:
    alone = replace(OWN, decider="wristchart-beats", version="1")
    assert evidence(alone, OSLO) == (
        "18 Nov 05:54 · Apple Watch (heart-beats-only) · Wristchart, stream of heart beats, "
        "version 1, investigational"
    )


def test_a_vendors_inconclusive_keeps_its_reason_and_its_word() -> None:
    assert "Inconclusive: heart rate too high" in panel(APPLE)
    assert "in its words “Inconclusive High Heart Rate”" in evidence(APPLE, OSLO)
    told = replace(APPLE, version="algorithm 2")
    assert "Apple, algorithm 2, in its words" in evidence(told, OSLO)


def test_a_verdict_bears_its_mark_and_no_severity() -> None:
    strongest = replace(PULSE, meaning=Meaning.ATRIAL_FIBRILLATION)
    assert "◇" in panel(strongest)
    assert "◆" in panel(replace(strongest, signal=Signal.ECG))
    assert "×" in panel(APPLE)
    assert "○" in panel(replace(APPLE, meaning=Meaning.SINUS_RHYTHM))
    assert "level" not in panel(*verdicts())


def test_older_ones_are_folded_and_the_rest_is_counted() -> None:
    many = [replace(OWN, start=OWN.start - timedelta(hours=n)) for n in range(MOST + 5)]
    drawn = panel(*many, left_out=40)
    assert f"{MOST - SHOWN} more" in drawn
    assert "45 more are not listed." in drawn


def test_without_verdicts_there_is_no_panel() -> None:
    assert panel() == "[]"
