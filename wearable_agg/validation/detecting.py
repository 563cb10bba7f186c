"""The product's own streaming analysis over a record, as the engine runs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from wearable_agg.afib.beats_only import BeatChunk, step_beats
from wearable_agg.afib.rules import Rules, configured
from wearable_agg.afib.state import new_shard
from wearable_agg.afib.step import finish, trace
from wearable_agg.afib.types import Analysed, Chunk, EpisodeEnded, EpisodeStarted, Event
from wearable_agg.ecg.recordings import Recording
from wearable_agg.validation.records import AnnotatedRecord
from wearable_agg.validation.scoring import ALARMS, Alarm, Detected
from wearable_agg.validation.spans import Span

STREAM = "record"
BATCH = 5000
"""Chunks in one step, as many as the engine takes at a time."""

BEAT_SECONDS = 60.0
"""How many seconds of beats come at a time, as devices without ECG upload them."""

_FINEST = 1.0
"""Seconds between reports where analysable time is wanted window by window."""


def detect(record: AnnotatedRecord) -> Detected:
    """Run the analysis over a record, from its beats where it has no waveform."""
    if record.recording is None:
        return _detected(record.seconds, partial(_run_beats, list(beat_chunks_of(record.beats))))
    chunks = list(chunks_of(record.recording))
    beats = _run(chunks, configured())[1]
    made = _detected(record.recording.seconds, lambda rules: _run(chunks, rules)[0])
    return replace(made, beats=beats)


def _detected(seconds: float, analyse: Callable[[Rules], list[Event]]) -> Detected:
    """Analyse once without a minimum duration and once for each alarm."""
    events = analyse(configured()._replace(minimum_duration=0.0, report_seconds=_FINEST))
    alarms = {at: analyse(configured()._replace(minimum_duration=float(at))) for at in ALARMS}
    analysed = [event for event in events if isinstance(event, Analysed)]
    return Detected(
        seconds=seconds,
        beats=None,
        episodes=tuple((alarm.onset, alarm.end) for alarm in alarms_in(events)),
        alarms={at: alarms_in(found) for at, found in alarms.items()},
        analysable=_analysable(analysed),
        recorded_seconds=sum(event.recorded_seconds for event in analysed),
        analysable_seconds=sum(event.analysable_seconds for event in analysed),
    )


def beats_of(recording: Recording) -> NDArray[np.float64]:
    """Return the beats found, in seconds from the start."""
    return _run(list(chunks_of(recording)), configured())[1]


def chunks_of(recording: Recording) -> Iterator[Chunk]:
    """Yield the recording as the chunks of a stream that begins at time 0."""
    for piece in recording.slices(0):
        yield Chunk(
            stream=STREAM,
            start=piece.device_time / 1e6,
            rate=recording.rate,
            samples=recording.millivolts(piece.counts),
            sequence=piece.sequence,
            gap_before=False,
        )


def alarms_in(events: Iterable[Event]) -> tuple[Alarm, ...]:
    """Return the episodes that began and ended in these events."""
    begun: dict[float, float] = {}
    alarms = []
    for event in events:
        if isinstance(event, EpisodeStarted):
            begun[event.onset] = event.detected_at
        elif isinstance(event, EpisodeEnded):
            alarms.append(Alarm(event.onset, event.end, begun.pop(event.onset)))
    return tuple(alarms)


def _run(chunks: Sequence[Chunk], rules: Rules) -> tuple[list[Event], NDArray[np.float64]]:
    state = new_shard()
    events: list[Event] = []
    beats: list[float] = []
    waiting = iter(chunks)
    while batch := list(islice(waiting, BATCH)):
        state, found, at = trace(state, batch, rules)
        events += found
        beats += [time for _, time in at]
    return events + finish(state, [STREAM])[1], np.sort(np.array(beats, np.float64))


def beat_chunks_of(beats: NDArray[np.float64]) -> Iterator[BeatChunk]:
    """Yield the beats of a stream that carries nothing else, a minute at a time."""
    minutes = (beats // BEAT_SECONDS).astype(np.int64)
    edges = np.flatnonzero(np.diff(minutes)) + 1
    for number, times in enumerate(np.split(beats, edges)):
        yield BeatChunk(STREAM, times, None, number)


def _run_beats(chunks: Sequence[BeatChunk], rules: Rules) -> list[Event]:
    state = new_shard()
    events: list[Event] = []
    waiting = iter(chunks)
    while batch := list(islice(waiting, BATCH)):
        state, found = step_beats(state, batch, rules)
        events += found
    return events + finish(state, [STREAM])[1]


def _analysable(analysed: Iterable[Analysed]) -> tuple[Span, ...]:
    """Return the stretches that could be analysed, joined where they touch."""
    spans: list[Span] = []
    for event in analysed:
        if event.analysable_seconds < event.recorded_seconds / 2:
            continue
        if spans and event.start - spans[-1][1] < _FINEST / 2:
            spans[-1] = (spans[-1][0], event.end)
        else:
            spans.append((event.start, event.end))
    return tuple(spans)
