"""The product's own streaming analysis over a record, as the engine runs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from wearable_agg.afib.rules import Rules, configured
from wearable_agg.afib.state import new_shard
from wearable_agg.afib.step import finish, trace
from wearable_agg.afib.types import Analysed, Chunk, EpisodeEnded, EpisodeStarted, Event
from wearable_agg.ecg.recordings import NoRecording, Recording
from wearable_agg.validation.records import AnnotatedRecord
from wearable_agg.validation.scoring import ALARMS, Alarm, Detected
from wearable_agg.validation.spans import Span

STREAM = "record"
BATCH = 1800
"""Chunks in one step, as many as the engine takes at a time."""

_FINEST = 1.0
"""Seconds between reports where analysable time is wanted window by window."""


def detect(record: AnnotatedRecord) -> Detected:
    """Run the analysis over a record, once for each minimum duration. Raises NoRecording."""
    if record.recording is None:
        raise NoRecording(f"{record.name} has annotations only, no waveform")
    return detect_waveform(record.recording)


def detect_waveform(recording: Recording) -> Detected:
    """Stream a recording in chunks of a second, as a device does."""
    chunks = list(chunks_of(recording))
    everything = configured()._replace(minimum_duration=0.0, report_seconds=_FINEST)
    events, beats = _run(chunks, everything)
    alarms = {at: _run(chunks, configured()._replace(minimum_duration=at))[0] for at in ALARMS}
    analysed = [event for event in events if isinstance(event, Analysed)]
    return Detected(
        seconds=recording.seconds,
        beats=beats,
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
