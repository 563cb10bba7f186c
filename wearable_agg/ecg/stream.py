"""One session as the gateway follows it: order, duplicates, gaps, time. No I/O."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

from wearable_agg.ecg.clock import Clock, Timing, advance
from wearable_agg.ecg.frames import (
    MAXIMUM_BEATS_SECONDS,
    MAXIMUM_FRAME_SECONDS,
    Carried,
    Code,
    Gap,
    Hello,
    ProtocolError,
    Slice,
)

_LONGEST = {Carried.ECG: MAXIMUM_FRAME_SECONDS, Carried.BEATS: MAXIMUM_BEATS_SECONDS}


class OutOfSequence(Exception):
    """A slice is missing before this one; the device continues from `expected`."""

    def __init__(self, expected: int) -> None:
        super().__init__(f"slice {expected} is due")
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Frame:
    """One lead of one slice, placed on the UTC axis, ready for the inbox.

    Times are UTC microseconds except `device_time`; `length` divided by `rate` are seconds.
    `counts` are little-endian int16, or the beats of a stream of beats, and `checksum` their
    CRC-32.
    """

    lead: int
    sequence: int
    device_time: int
    received_at: int
    start: int
    rate: float
    length: int
    counts: bytes
    checksum: int
    gap_before: bool


@dataclass(slots=True)
class Stream:
    """The state of a session between two frames: what is due next, and the device's clock."""

    hello: Hello
    clock: Clock
    sequence: int
    lead: int = 0
    _gap: int | None = None
    _slice: Slice | None = None
    _timing: Timing | None = None

    def mark(self, gap: Gap) -> None:
        """Take a gap frame: it speaks of a slice still to come, or of one already stored."""
        if gap.sequence >= self.sequence:
            self._gap = gap.sequence

    def take(self, part: Slice, now: int) -> Frame | None:
        """Place a frame that arrived at `now`; None for one that was taken before.

        Raises OutOfSequence where frames are missing before it, ProtocolError where it breaks
        the protocol.
        """
        if part.lead >= len(self.hello.leads):
            raise ProtocolError(Code.MALFORMED, f"there is no lead {part.lead}")
        if (part.sequence, part.lead) < (self.sequence, self.lead):
            return None
        if (part.sequence, part.lead) != (self.sequence, self.lead):
            raise OutOfSequence(self.sequence)
        timing = self._time(part, now)
        self._step()
        return _frame(part, timing, now)

    def _time(self, part: Slice, now: int) -> Timing:
        if part.lead == 0:
            return self._begin_slice(part, now)
        first, timing = self._slice, self._timing
        if first is None or timing is None:
            raise OutOfSequence(self.sequence)
        same = first.device_time == part.device_time and first.length == part.length
        if not same:
            raise ProtocolError(Code.MALFORMED, "the leads of a slice differ in time or length")
        return timing

    def _begin_slice(self, part: Slice, now: int) -> Timing:
        longest = _LONGEST[self.hello.signal]
        if part.length > longest * self.hello.rate:
            raise ProtocolError(Code.TOO_LARGE, f"a frame longer than {longest:.0f} seconds")
        declared = self._gap == part.sequence
        self.clock, timing = advance(self.clock, part.device_time, part.length, declared, now)
        self._slice, self._timing = part, timing
        return timing

    def _step(self) -> None:
        self.lead += 1
        if self.lead == len(self.hello.leads):
            self.sequence, self.lead = self.sequence + 1, 0


def resumed(clock: Clock, latest: Frame) -> Clock:
    """Return the clock as it stood after `latest`, the last slice on disk."""
    return replace(
        clock,
        rate=latest.rate,
        last=(latest.device_time, latest.length),
        start=latest.start,
        counted=latest.length,
    )


def _frame(part: Slice, timing: Timing, now: int) -> Frame:
    counts = part.payload()
    return Frame(
        lead=part.lead,
        sequence=part.sequence,
        device_time=part.device_time,
        received_at=now,
        start=timing.start,
        rate=timing.rate,
        length=part.length,
        counts=counts,
        checksum=zlib.crc32(counts),
        gap_before=timing.gap_before,
    )
