"""One session as the gateway follows it: order, duplicates, gaps, time. No I/O."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

from wearable_agg.ecg.clock import Clock, Timing, advance
from wearable_agg.ecg.frames import (
    MAXIMUM_FRAME_SECONDS,
    Code,
    Gap,
    Hello,
    ProtocolError,
    Samples,
)


class OutOfSequence(Exception):
    """A slice is missing before this one; the device continues from `expected`."""

    def __init__(self, expected: int) -> None:
        super().__init__(f"slice {expected} is due")
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Frame:
    """One lead of one slice, placed on the UTC axis, ready for the inbox.

    Times are UTC microseconds except `device_time`; `counts` are little-endian int16 and
    `checksum` their CRC-32.
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
    _slice: Samples | None = None
    _timing: Timing | None = None

    def mark(self, gap: Gap) -> None:
        """Take a gap frame: it speaks of a slice still to come, or of one already stored."""
        if gap.sequence >= self.sequence:
            self._gap = gap.sequence

    def take(self, samples: Samples, now: int) -> Frame | None:
        """Place a sample frame that arrived at `now`; None for one that was taken before.

        Raises OutOfSequence where frames are missing before it, ProtocolError where it breaks
        the protocol.
        """
        if samples.lead >= len(self.hello.leads):
            raise ProtocolError(Code.MALFORMED, f"there is no lead {samples.lead}")
        if (samples.sequence, samples.lead) < (self.sequence, self.lead):
            return None
        if (samples.sequence, samples.lead) != (self.sequence, self.lead):
            raise OutOfSequence(self.sequence)
        timing = self._time(samples, now)
        self._step()
        return _frame(samples, timing, now)

    def _time(self, samples: Samples, now: int) -> Timing:
        if samples.lead == 0:
            return self._begin_slice(samples, now)
        first, timing = self._slice, self._timing
        if first is None or timing is None:
            raise OutOfSequence(self.sequence)
        same = first.device_time == samples.device_time and len(first.counts) == len(samples.counts)
        if not same:
            raise ProtocolError(Code.MALFORMED, "the leads of a slice differ in time or length")
        return timing

    def _begin_slice(self, samples: Samples, now: int) -> Timing:
        count = len(samples.counts)
        if count > MAXIMUM_FRAME_SECONDS * self.hello.rate:
            raise ProtocolError(
                Code.TOO_LARGE, f"a frame longer than {MAXIMUM_FRAME_SECONDS:.0f} seconds"
            )
        declared = self._gap == samples.sequence
        self.clock, timing = advance(self.clock, samples.device_time, count, declared, now)
        self._slice, self._timing = samples, timing
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


def _frame(samples: Samples, timing: Timing, now: int) -> Frame:
    counts = samples.counts.astype("<i2").tobytes()
    return Frame(
        lead=samples.lead,
        sequence=samples.sequence,
        device_time=samples.device_time,
        received_at=now,
        start=timing.start,
        rate=timing.rate,
        length=len(samples.counts),
        counts=counts,
        checksum=zlib.crc32(counts),
        gap_before=timing.gap_before,
    )
