from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_ecg import BEGIN, chunks, follow, of_type

from bench.qrs_records import read_record
from wearable_agg.afib.types import Analysed, EpisodeEnded, EpisodeStarted, Event

pytestmark = pytest.mark.external


def events_of(record_path: Path) -> list[Event]:
    record = read_record(record_path)
    return follow(chunks(record.signal, record.rate)).events


def test_record_202_fibrillates_from_its_nineteenth_minute_and_not_before(records: Path) -> None:
    path = records / "mitdb" / "202"
    events = events_of(path)
    first, *_ = of_type(EpisodeStarted, events)
    assert first.onset - BEGIN == pytest.approx(1142.6, abs=30.0)
    assert first.detected_at - BEGIN > 1142.6
    beats = read_record(path).beats + BEGIN
    during = beats[(beats >= first.onset) & (beats <= first.detected_at)]
    assert first.mean_rate == pytest.approx(60.0 / np.diff(during).mean(), abs=2.0)


def test_record_202_leaves_fibrillation_where_flutter_begins(records: Path) -> None:
    (ended,) = of_type(EpisodeEnded, events_of(records / "mitdb" / "202"))
    assert ended.end - BEGIN == pytest.approx(1527.2, abs=15.0)


def test_record_122_has_no_fibrillation_and_is_all_analysable(records: Path) -> None:
    events = events_of(records / "mitdb" / "122")
    reports = of_type(Analysed, events)
    assert len(reports) == len(events) == 30
    assert sum(report.analysable_seconds for report in reports) > 1790.0
