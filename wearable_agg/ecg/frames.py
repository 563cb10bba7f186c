"""The frames of the ECG stream protocol as values (docs/ecg-stream.md says what they mean)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

VERSION = 1
SUBPROTOCOL = "wristchart.ecg.v1"
AUDIENCE = "wristchart-gateway"
SCOPE = "ecg.write"

MAXIMUM_FRAME_BYTES = 64 * 1024
MAXIMUM_FRAME_SECONDS = 10.0
MAXIMUM_LEADS = 12
LOWEST_RATE = 100.0
HIGHEST_RATE = 1000.0
WINDOW = 128
"""How many slices a device may have in flight unacknowledged."""

LATEST_TIME = 4_102_444_800_000_000
"""2100-01-01 in microseconds: no device clock shows more."""

INVALID_SAMPLE = -32768
"""The count that stands for "no reading", as when an electrode is off the skin."""

MAXIMUM_BEATS_SECONDS = 60.0
HIGHEST_HEART_RATE = 300
"""Beats per minute; more is noise. Atrial flutter conducted one to one comes near it."""

BEATS_RATE = 1000.0
"""Beats are told in milliseconds: what stands for the sampling rate of their slices, in Hz."""

BEATS_LEAD, BEATS_GAIN = "beats", 1.0
"""What stands for the lead and the gain of a stream of beats."""


class Carried(StrEnum):
    """What a session carries, for good."""

    ECG = "ecg"
    BEATS = "beats"


class Sensor(StrEnum):
    """What a device finds beats with: electrodes, as of a chest strap, or light, as of a watch."""

    ELECTRIC = "electric"
    OPTICAL = "optical"


class BeatKind(IntEnum):
    """What a device knows of a beat."""

    NOT_TOLD = 0
    CONDUCTED = 1
    ECTOPIC = 2


class Code(StrEnum):
    """Error codes; docs/ecg-stream.md says for each what the device does next."""

    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    UNSUPPORTED_VERSION = "unsupported_version"
    HELLO_EXPECTED = "hello_expected"
    NOT_AUTHENTIC = "not_authentic"
    FORBIDDEN = "forbidden"
    SESSION_TAKEN = "session_taken"
    SESSION_CHANGED = "session_changed"
    REPLACED = "replaced"
    OUT_OF_SEQUENCE = "out_of_sequence"
    CLOCK_RESET = "clock_reset"
    IMPLAUSIBLE_TIME = "implausible_time"
    RATE_MISMATCH = "rate_mismatch"
    UNAVAILABLE = "unavailable"


class ProtocolError(Exception):
    """The other side broke the protocol; `code` says how, and the connection has to end."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True, slots=True)
class Device:
    """What recorded the signal."""

    vendor: str
    model: str
    serial: str
    firmware: str = ""

    @property
    def label(self) -> str:
        """The device as people call it."""
        return f"{self.vendor} {self.model} {self.serial}"


@dataclass(frozen=True, slots=True)
class Hello:
    """First frame from the device: who it is, what it will send, for whom.

    `rate` is the nominal sampling rate in Hz, `gain` microvolts per count, `device_time` the
    device's clock as it sent this frame, in microseconds since 1970. Of a stream of beats,
    which `beats_hello` makes, leads, rate and gain are always the same and are not sent.
    """

    token: str
    session: str
    device: Device
    leads: tuple[str, ...]
    rate: float
    gain: float
    device_time: int
    signal: Carried = Carried.ECG
    sensor: Sensor = Sensor.ELECTRIC


def beats_hello(
    token: str, session: str, device: Device, sensor: Sensor, device_time: int
) -> Hello:
    """Return the hello of a stream of beats."""
    form = ((BEATS_LEAD,), BEATS_RATE, BEATS_GAIN)
    return Hello(token, session, device, *form, device_time, Carried.BEATS, sensor)


@dataclass(frozen=True, slots=True)
class Ready:
    """The gateway's answer to hello: send from slice `next` on, at most `window` unacknowledged."""

    session: str
    next: int
    window: int
    time: int


@dataclass(frozen=True, slots=True)
class Ack:
    """All slices up to and including `sequence` are on disk, all their leads."""

    sequence: int


@dataclass(frozen=True, slots=True)
class Gap:
    """The device lost signal between slice `sequence` - 1 and slice `sequence`."""

    sequence: int
    reason: str


@dataclass(frozen=True, slots=True)
class ErrorFrame:
    """What went wrong; after a fatal error the gateway closes the connection.

    `expected` is the slice to continue from and comes with out_of_sequence only.
    """

    code: Code
    message: str
    fatal: bool
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Bye:
    """The session is over: from the device, and back from the gateway once all is on disk."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Samples:
    """Consecutive samples of one lead: `device_time` (microseconds) is that of the first."""

    lead: int
    sequence: int
    device_time: int
    counts: NDArray[np.int16]

    @property
    def length(self) -> int:
        """How many samples there are."""
        return len(self.counts)

    def payload(self) -> bytes:
        """Return the samples as they are stored."""
        return self.counts.astype("<i2").tobytes()


@dataclass(frozen=True, slots=True)
class Beats:
    """The beats in `length` milliseconds from `device_time` (microseconds) on; there may be none.

    `beats` are the bytes that `wearable_agg.ecg.beats` reads.
    """

    sequence: int
    device_time: int
    length: int
    beats: bytes

    @property
    def lead(self) -> int:
        """Beats are of no lead in particular: of the first."""
        return 0

    def payload(self) -> bytes:
        """Return the beats as they are stored."""
        return self.beats


Slice: TypeAlias = Samples | Beats
Control: TypeAlias = Hello | Ready | Ack | Gap | ErrorFrame | Bye
