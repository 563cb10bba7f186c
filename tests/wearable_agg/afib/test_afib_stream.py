from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_ecg import BEGIN, chunks, ecg, follow, irregular, of_type, regular

from wearable_agg.afib.state import new_shard
from wearable_agg.afib.step import Trace, finish, step, trace
from wearable_agg.afib.types import Analysed, Chunk, EpisodeEnded, EpisodeStarted


def with_gap(seconds: float, length: float, rest: float = 300.0) -> list[Chunk]:
    """Return fibrillation for so long, a gap of `length`, and fibrillation again."""
    first = chunks(ecg(irregular(seconds), seconds))
    second = chunks(
        ecg(irregular(rest, seed=2), rest),
        start=BEGIN + seconds + length,
        sequence=len(first),
    )
    return first + second


@pytest.mark.parametrize("seconds", [0.25, 3.7, 10.0, 900.0])
def test_the_size_of_chunks_changes_nothing(
    seconds: float, paroxysm: list[Chunk], analysed_paroxysm: Trace
) -> None:
    signal = np.concatenate([chunk.samples for chunk in paroxysm])
    again = follow(chunks(signal, seconds=seconds))
    assert again.events == analysed_paroxysm.events
    assert again.beats == analysed_paroxysm.beats


@pytest.mark.threat("T29")
def test_chunks_of_a_batch_may_come_in_any_order(
    paroxysm: list[Chunk], analysed_paroxysm: Trace
) -> None:
    assert step(new_shard(), paroxysm[::-1])[1] == analysed_paroxysm.events


@pytest.mark.threat("T29")
def test_duplicates_and_late_chunks_are_ignored(
    paroxysm: list[Chunk], analysed_paroxysm: Trace
) -> None:
    repeated = [chunk for i, c in enumerate(paroxysm) for chunk in (c, c, paroxysm[max(i - 5, 0)])]
    assert follow(repeated).events == analysed_paroxysm.events


def test_streams_of_a_shard_do_not_touch_each_other(
    paroxysm: list[Chunk], analysed_paroxysm: Trace
) -> None:
    steady = chunks(ecg(regular(900.0), 900.0, 130.07), 130.07, stream="other")
    state, events = new_shard(), []
    for first, second in zip(paroxysm, steady, strict=False):
        state, more = step(state, [second, first])
        events += more
    ours = [event for event in events if event.stream == "s"]
    assert ours == analysed_paroxysm.events
    assert all(isinstance(event, Analysed) for event in events if event.stream == "other")


def test_the_state_given_is_left_as_it_was(paroxysm: list[Chunk]) -> None:
    state = step(new_shard(), paroxysm[:10])[0]
    before = state.to_bytes()
    step(state, paroxysm[10:20])
    assert state.to_bytes() == before


def test_no_interval_spans_a_gap() -> None:
    steady = ecg(regular(600.0), 600.0)
    pieces = [
        replace(chunk, start=chunk.start + 2.0 * (chunk.sequence // 20)) for chunk in chunks(steady)
    ]
    assert of_type(EpisodeStarted, follow(pieces).events) == []


def test_a_loss_the_device_reports_is_a_gap_though_time_runs_on() -> None:
    state = follow(chunks(ecg(regular(10.0), 10.0))).state
    late = Chunk("s", BEGIN + 10.0, 250.0, np.zeros(25, np.float32), 10, gap_before=True)
    after = trace(state, [late]).state
    assert after.rows["chain"][0] == -1
    assert state.rows["chain"][0] > 0


def test_an_episode_survives_a_short_gap_and_says_what_it_covered() -> None:
    events = follow(with_gap(300.0, 100.0)).events
    assert len(of_type(EpisodeStarted, events)) == 1
    assert of_type(EpisodeEnded, events) == []


def test_a_long_gap_ends_the_episode_at_the_last_sample() -> None:
    events = follow(with_gap(300.0, 301.0)).events
    first, second = of_type(EpisodeStarted, events)
    (ended,) = of_type(EpisodeEnded, events)
    assert ended.end - BEGIN == pytest.approx(300.0)
    assert ended.onset == first.onset
    assert second.onset - BEGIN == pytest.approx(601.0, abs=3.0)


def test_a_clock_that_falls_back_starts_anew() -> None:
    events = follow(with_gap(300.0, -200.0, rest=30.0)).events
    (ended,) = of_type(EpisodeEnded, events)
    assert ended.end - BEGIN == pytest.approx(300.0)


def test_sample_times_follow_the_chunks_where_the_stated_rate_is_off() -> None:
    signal = ecg(regular(300.0, 1.0), 300.0, 130.2)
    pieces = [
        replace(chunk, start=BEGIN + chunk.sequence * 130 / 130.2, rate=130.0)
        for chunk in chunks(signal, 130.0)
    ]
    beats = [time for _, time in follow(pieces).beats]
    assert beats[-1] - BEGIN == pytest.approx(298.5, abs=0.02)


def test_another_rate_in_mid_stream_is_another_device() -> None:
    first = chunks(ecg(regular(60.0), 60.0))
    second = chunks(ecg(regular(60.0), 60.0, 512.6), 512.6, start=BEGIN + 60.0, sequence=60)
    beats = np.array([time for _, time in follow(first + second).beats]) - BEGIN
    expected = 60.0 + regular(60.0)[4:-2]
    assert beats[(beats > 63.0) & (beats < 118.0)] == pytest.approx(
        expected[(expected > 63.0) & (expected < 118.0)], abs=0.015
    )


@pytest.mark.parametrize(("rate", "start"), [(50.0, 0.0), (2000.0, 0.0), (250.0, float("nan"))])
def test_a_chunk_that_cannot_be_analysed_cannot_be_made(rate: float, start: float) -> None:
    with pytest.raises(ValueError, match=r"chunk|Hz"):
        Chunk("s", start, rate, np.zeros(10, np.float32), 0, False)


def test_nothing_in_gives_nothing_out() -> None:
    state, events = step(new_shard(), [])
    assert (state.streams, events) == ((), [])


def test_a_finished_stream_ends_its_episode_and_is_forgotten() -> None:
    state = follow(chunks(ecg(irregular(310.0), 310.0), seconds=7.0)).state
    state = follow(chunks(ecg(regular(10.0), 10.0), stream="other"), state).state
    after, events = finish(state, ["s", "never seen"])
    (ended,) = of_type(EpisodeEnded, events)
    (analysed,) = of_type(Analysed, events)
    assert (ended.end - BEGIN, analysed.end - BEGIN) == pytest.approx((310.0, 310.0))
    assert after.streams == ("other",)
    assert state.streams == ("s", "other")
