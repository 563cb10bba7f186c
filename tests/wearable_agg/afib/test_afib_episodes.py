from __future__ import annotations

import numpy as np
import pytest
from made_ecg import BEGIN, chunks, ecg, follow, irregular, of_type, regular

from wearable_agg.afib.step import Trace
from wearable_agg.afib.types import Analysed, EpisodeContinued, EpisodeEnded, EpisodeStarted


def test_a_steady_rhythm_has_no_episode() -> None:
    events = follow(chunks(ecg(regular(400.0), 400.0), seconds=10.0)).events
    assert all(isinstance(event, Analysed) for event in events)


def test_the_onset_is_written_back_to_where_irregularity_began(analysed_paroxysm: Trace) -> None:
    (started,) = of_type(EpisodeStarted, analysed_paroxysm.events)
    assert started.onset - BEGIN == pytest.approx(300.0, abs=3.0)
    assert 30.0 <= started.detected_at - started.onset < 75.0


def test_the_end_is_written_back_to_where_irregularity_ended(analysed_paroxysm: Trace) -> None:
    (started,) = of_type(EpisodeStarted, analysed_paroxysm.events)
    (ended,) = of_type(EpisodeEnded, analysed_paroxysm.events)
    assert ended.onset == started.onset
    assert ended.end - BEGIN == pytest.approx(600.0, abs=3.0)


def test_rates_and_coverage_are_those_of_the_fibrillation(analysed_paroxysm: Trace) -> None:
    (ended,) = of_type(EpisodeEnded, analysed_paroxysm.events)
    intervals = np.diff(irregular(300.0))
    tens = np.lib.stride_tricks.sliding_window_view(intervals, 10)
    assert ended.mean_rate == pytest.approx(60.0 / intervals.mean(), rel=0.01)
    assert ended.max_rate == pytest.approx(60.0 / np.median(tens, axis=1).min(), rel=0.02)
    assert ended.coverage == pytest.approx(1.0, abs=0.01)


def test_a_lasting_episode_is_reported_once_a_minute(analysed_paroxysm: Trace) -> None:
    (started,) = of_type(EpisodeStarted, analysed_paroxysm.events)
    continued = of_type(EpisodeContinued, analysed_paroxysm.events)
    until = np.array([started.detected_at, *(event.until for event in continued)])
    assert len(continued) >= 3
    assert np.diff(until) == pytest.approx(60.0, abs=2.0)


def test_fibrillation_shorter_than_the_minimum_gives_no_episode() -> None:
    before = regular(200.0)
    burst = before[-1] + irregular(15.0)
    after = regular(400.0, first=float(burst[-1]) + 0.8)
    signal = ecg(np.concatenate([before, burst, after]), 400.0)
    assert of_type(EpisodeStarted, follow(chunks(signal, seconds=10.0)).events) == []


def test_analysed_time_adds_up(analysed_paroxysm: Trace) -> None:
    reports = of_type(Analysed, analysed_paroxysm.events)
    assert [report.start for report in reports[1:]] == [report.end for report in reports[:-1]]
    assert sum(report.recorded_seconds for report in reports) == pytest.approx(900.0)
    assert 200.0 < sum(report.af_seconds for report in reports) < 330.0
