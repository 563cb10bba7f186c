"""What the rhythm engine reports about an episode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # the api and delivery roles store strips as bytes and start without numpy
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Strip:
    """A stretch of single-lead ECG that shows the rhythm; `rate` in Hz, `lead_code` from MDC."""

    start: datetime
    rate: float
    lead: str
    lead_code: str
    microvolts_per_count: float
    samples: NDArray[np.int16]


class TimedBeat(NamedTuple):
    """A heart beat, in milliseconds from the begin of its tachogram.

    `after_loss` says that beats may be missing before it: it ends no interval. `ectopic` is what
    the device told, None where it told nothing.
    """

    offset: int
    after_loss: bool
    ectopic: bool | None


@dataclass(frozen=True, slots=True)
class Tachogram:
    """Heart beats around the onset of an episode that was found without an ECG."""

    start: datetime
    beats: Sequence[TimedBeat]


@dataclass(frozen=True, slots=True)
class Detection:
    """An episode of atrial fibrillation as it is known at one moment.

    `stream` and `onset` (to the millisecond) name the episode. `end` says how far it reaches:
    None when it has just begun, the last instant seen while it continues, its end once it is
    over. `detected_at` counts when the episode is first recorded and is ignored afterwards.
    Rates are ventricular, per minute; `coverage` is the share held by usable RR intervals.
    `signal` is "ECG" or "PPG"; `decider` and `decider_version` name the rule that decided.
    `probability`, 0 to 1, is that of the decision by which it was found, and `evidence` the numbers
    behind it by their names in config/clinical/explaining.toml; both only when it begins.
    `strip` shows the rhythm where there is an ECG, `tachogram` where there are beats alone.
    """

    tenant: str
    person_id: int
    stream: str
    device: str
    onset: datetime
    detected_at: datetime
    end: datetime | None
    mean_rate: float
    max_rate: float
    coverage: float
    decider: str
    decider_version: str
    signal: str
    strip: Strip | None
    probability: float | None = None
    evidence: Mapping[str, float] = field(default_factory=dict)
    tachogram: Tachogram | None = None
