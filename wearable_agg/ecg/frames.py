"""The frames of the ECG stream protocol as values (docs/ecg-stream.md says what they mean)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
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

INVALID_SAMPLE = -32768
"""The count that stands for "no reading", as when an electrode is off the skin."""


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
    device's clock as it sent this frame, in microseconds since 1970.
    """

    token: str
    session: str
    device: Device
    leads: tuple[str, ...]
    rate: float
    gain: float
    device_time: int


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


Control: TypeAlias = Hello | Ready | Ack | Gap | ErrorFrame | Bye
