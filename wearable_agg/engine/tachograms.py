"""The heart beats that are kept as the evidence of an episode found without an ECG."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from safeguards.vault import Vault
from wearable_agg.delivery.detection import Tachogram, TimedBeat
from wearable_agg.ecg import inbox, segments
from wearable_agg.ecg.beats import NotBeats, read_beats
from wearable_agg.ecg.frames import MAXIMUM_BEATS_SECONDS, BeatKind
from wearable_agg.ecg.inbox import Session
from wearable_agg.ecg.stream import Frame
from wearable_agg.engine.chunks import ANALYSED_LEAD
from wearable_agg.store.clock import from_micros

_MICROS = 1_000_000
_MILLISECOND = 1000
BEFORE = 60 * _MICROS
"""What is shown of the time before the onset, so that the change can be seen."""

AFTER = 120 * _MICROS
_FEWEST = 3

_TOLD = {BeatKind.NOT_TOLD: None, BeatKind.CONDUCTED: False, BeatKind.ECTOPIC: True}


def cut(
    connection: Connection, vault: Vault, session: Session, onset: int, detected_at: int
) -> Tachogram | None:
    """Return the beats from a minute before the onset to the detection, or two minutes after.

    Times are UTC microseconds. None where there are hardly any. Raises KeyUnavailable.
    """
    start, end = onset - BEFORE, min(detected_at, onset + AFTER)
    begun = start - round(MAXIMUM_BEATS_SECONDS * _MICROS)
    kept = segments.between(connection, vault, session, ANALYSED_LEAD, begun, end)
    fresh = inbox.read_between(connection, session.id, ANALYSED_LEAD, begun, end)
    beats = list(beats_between([*kept, *fresh], start, end))
    return None if len(beats) < _FEWEST else Tachogram(from_micros(start), beats)


def beats_between(frames: Sequence[Frame], start: int, end: int) -> Iterator[TimedBeat]:
    """Yield the beats from `start` to `end` (UTC microseconds) of slices in their order."""
    lost, last, due = False, start - 1, None
    for frame in frames:
        beats = _beats(frame)
        lost = lost or frame.gap_before or beats is None or due not in (None, frame.sequence)
        due = frame.sequence + 1
        for at, kind in beats or ():
            if last < at < end:
                yield TimedBeat((at - start) // _MILLISECOND, lost, _TOLD[kind])
                lost, last = False, at


def _beats(frame: Frame) -> list[tuple[int, BeatKind]] | None:
    """Return when each beat was and of what kind; None where the slice is damaged."""
    if zlib.crc32(frame.counts) != frame.checksum:
        return None
    try:
        offsets, kinds = read_beats(frame.counts, frame.length)
    except NotBeats:
        return None
    both = zip(offsets.tolist(), kinds.tolist(), strict=True)
    return [(frame.start + _MILLISECOND * offset, BeatKind(kind)) for offset, kind in both]
