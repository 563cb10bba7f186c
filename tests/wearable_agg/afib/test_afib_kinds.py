from __future__ import annotations

import numpy as np
import pytest
from made_ecg import BEGIN, chunks, ecg, follow, regular
from numpy.typing import NDArray

from wearable_agg.afib.kinds import FLAGS, LIKENESS, OTHER, SCALE, SHAPED
from wearable_agg.afib.state import HISTORY, ShardState


def with_ectopy(seconds: float, every: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return a steady rhythm in which each so-many-th beat comes early and broad, and when."""
    beats = regular(seconds)
    early = np.arange(every, len(beats) - 1, every)
    times = beats[early] - 0.28
    signal = ecg(np.delete(beats, early), seconds).astype(np.float64)
    clock = np.arange(len(signal)) / 250.0
    for time in times:
        signal += 1.4 * np.exp(-0.5 * ((clock - time) / 0.035) ** 2)
        signal -= 0.7 * np.exp(-0.5 * ((clock - time - 0.11) / 0.05) ** 2)
    return signal.astype(np.float32), times


def remembered(state: ShardState) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    row = state.rows[0]
    order = (row["beat_head"] + np.arange(row["beat_count"])) % HISTORY
    return row["times"][order] - BEGIN, row["marks"][order]


@pytest.mark.parametrize("every", [2, 5])
def test_broad_beats_are_told_from_the_conducted_ones(every: int) -> None:
    signal, early = with_ectopy(60.0, every)
    times, marks = remembered(follow(chunks(signal)).state)
    settled = times > 10.0
    other = (marks[:, FLAGS] & OTHER) > 0
    truth = np.array([np.abs(early - time).min() < 0.1 for time in times])
    assert np.mean(other[settled] == truth[settled]) > 0.95


def test_beats_of_a_steady_rhythm_look_alike() -> None:
    times, marks = remembered(follow(chunks(ecg(regular(40.0), 40.0))).state)
    settled = marks[times > 10.0]
    assert np.all(settled[:, FLAGS] == SHAPED)
    assert settled[:, LIKENESS].min() / SCALE > 0.95


def test_ectopy_is_not_fibrillation() -> None:
    signal, _ = with_ectopy(400.0, 3)
    assert follow(chunks(signal, seconds=10.0)).state.rows["fibrillating"][0] == 0
