from __future__ import annotations

import numpy as np
import pytest
from made_ecg import BEGIN, irregular, of_type, regular
from numpy.typing import NDArray

from wearable_agg.afib.beats_only import BeatChunk, step_beats
from wearable_agg.afib.state import ShardState, new_shard
from wearable_agg.afib.step import finish
from wearable_agg.afib.types import Analysed, EpisodeEnded, EpisodeStarted, Event

TURNS = (600.0, 1200.0, 1800.0)


def paroxysm() -> NDArray[np.float64]:
    """Return ten minutes of steady rhythm, ten of fibrillation, ten of steady rhythm."""
    random = np.random.default_rng(4)
    before = regular(TURNS[0]) + random.normal(0.0, 0.01, len(regular(TURNS[0])))
    during = before[-1] + irregular(TURNS[1] - TURNS[0])
    after = regular(TURNS[2], first=float(during[-1]) + 0.8)
    return BEGIN + np.concatenate([before, during, after])


def cut(
    beats: NDArray[np.float64], size: int, ectopic: NDArray[np.bool_] | None = None
) -> list[BeatChunk]:
    return [
        BeatChunk("s", beats[i : i + size], None if ectopic is None else ectopic[i : i + size], n)
        for n, i in enumerate(range(0, len(beats), size))
    ]


def followed(pieces: list[BeatChunk]) -> tuple[ShardState, list[Event]]:
    state, events = new_shard(), []
    for piece in pieces:
        state, more = step_beats(ShardState.from_bytes(state.to_bytes()), [piece])
        events += more
    return state, events


def test_fibrillation_is_found_in_beats_alone() -> None:
    _, events = followed(cut(paroxysm(), 60))
    (started,) = of_type(EpisodeStarted, events)
    (ended,) = of_type(EpisodeEnded, events)
    assert started.onset - BEGIN == pytest.approx(TURNS[0], abs=10.0)
    assert ended.end - BEGIN == pytest.approx(TURNS[1], abs=10.0)
    assert started.evidence.likeness is None
    assert started.evidence.mode_share < 0.5


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_the_size_of_chunks_of_beats_changes_nothing(size: int) -> None:
    beats = paroxysm()[:1100]
    state, events = step_beats(new_shard(), cut(beats, size)[::-1])
    other, expected = followed(cut(beats, 60))
    assert events == expected
    assert np.array_equal(state.rows["times"], other.rows["times"])


def test_beats_told_again_are_ignored() -> None:
    beats = paroxysm()[:1200]
    pieces = [c for piece in cut(beats, 60) for c in (piece, piece)]
    assert followed(pieces)[1] == followed(cut(beats, 60))[1]


def test_ectopy_that_the_device_tells_is_left_out() -> None:
    random = np.random.default_rng(9)
    beats = regular(900.0)
    ectopic = random.uniform(size=len(beats)) < 0.25
    ectopic &= ~np.roll(ectopic, 1) & ~np.roll(ectopic, -1)
    beats = BEGIN + np.where(ectopic, beats - random.uniform(0.1, 0.4, len(beats)), beats)
    state, events = followed(cut(beats, 100, ectopic))
    assert of_type(EpisodeStarted, events) == []
    blind, _ = followed(cut(beats, 100))
    assert state.rows["probability"][0] < blind.rows["probability"][0]


def test_no_probability_is_told_that_too_few_patients_confirm() -> None:
    _, events = followed(cut(paroxysm(), 60))
    assert [started.probability for started in of_type(EpisodeStarted, events)] == [None]


def test_a_long_silence_ends_the_episode_at_the_last_beat() -> None:
    beats = BEGIN + irregular(400.0)
    events = followed(cut(np.concatenate([beats, beats + 900.0]), 50))[1]
    (ended,) = of_type(EpisodeEnded, events)
    assert ended.end == pytest.approx(beats[-1])


def test_time_that_passes_without_a_beat_ends_the_episode_at_the_last_one() -> None:
    beats = BEGIN + irregular(400.0)
    pieces = cut(beats, 50)
    silent = [
        BeatChunk("s", np.zeros(0), None, len(pieces) + n, until=float(beats[-1]) + 60.0 * n)
        for n in range(1, 8)
    ]
    state, events = followed([*pieces, *silent])
    (ended,) = of_type(EpisodeEnded, events)
    assert ended.end == pytest.approx(beats[-1])
    assert of_type(EpisodeEnded, finish(state, ["s"])[1]) == []
    assert followed([*pieces, *silent[:4]])[1] == followed(pieces)[1]


def test_a_stream_without_any_beat_says_nothing() -> None:
    state, events = followed([BeatChunk("s", np.zeros(0), None, 0, until=BEGIN)])
    assert [*events, *finish(state, ["s"])[1]] == []


def test_no_interval_of_beats_spans_a_gap() -> None:
    first, second = BEGIN + regular(40.0), BEGIN + regular(40.0) + 41.0
    told = BeatChunk("s", second, None, 1, gap_before=True)
    state, _ = followed([BeatChunk("s", first, None, 0), told])
    blind, _ = followed([BeatChunk("s", first, None, 0), BeatChunk("s", second, None, 1)])
    assert state.rows["beat_count"][0] == blind.rows["beat_count"][0] - 1
    assert state.rows["intervals"][0].max() < 1.0 < blind.rows["intervals"][0].max()


def test_a_clock_of_beats_that_falls_back_starts_anew() -> None:
    beats = BEGIN + irregular(400.0)
    events = followed(cut(np.concatenate([beats, beats - 200.0]), 50))[1]
    assert of_type(EpisodeEnded, events)[0].end == pytest.approx(beats[-1])


def test_time_between_beats_adds_up() -> None:
    beats = BEGIN + regular(500.0)
    state, events = step_beats(new_shard(), cut(beats, 100))
    reports = of_type(Analysed, events + finish(state, ["s"])[1])
    assert sum(r.recorded_seconds for r in reports) == pytest.approx(beats[-1] - beats[0])
    assert sum(r.analysable_seconds for r in reports) > 460.0


@pytest.mark.parametrize(
    ("times", "ectopic"), [([1.0, np.nan], None), ([1.0, 2.0], [True]), ([np.inf], None)]
)
def test_beats_that_cannot_be_analysed_cannot_be_made(
    times: list[float], ectopic: list[bool] | None
) -> None:
    kinds = None if ectopic is None else np.array(ectopic)
    with pytest.raises(ValueError, match="beats"):
        BeatChunk("s", np.array(times), kinds, 0)
