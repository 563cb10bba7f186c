from __future__ import annotations

from pathlib import Path

import pytest

from bench.qrs_accuracy import gross, score_records

pytestmark = pytest.mark.external


def test_streamed_beats_reach_f1_of_99_5_on_mitdb(records: Path) -> None:
    by_record = score_records(records)
    assert len(by_record) >= 25
    assert gross(by_record).f1 >= 99.5


def test_no_mitdb_record_falls_below_98(records: Path) -> None:
    weak = {name: m.f1 for name, m in score_records(records, seconds=10.0).items() if m.f1 < 98.0}
    assert weak == {}
