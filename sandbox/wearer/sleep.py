"""One night: when it began, when it ended, and its stages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from sandbox.wearer.people import Wearer

STAGES = ("awake", "light", "deep", "rem")


@dataclass(frozen=True, slots=True)
class Stage:
    """One stretch of one stage, aware UTC."""

    stage: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Night:
    """A night's sleep; it belongs to the local day on which it ends."""

    start: datetime
    end: datetime
    stages: tuple[Stage, ...]

    def minutes(self, stage: str) -> int:
        """Return the minutes spent in one stage."""
        seconds = sum((s.end - s.start).total_seconds() for s in self.stages if s.stage == stage)
        return round(seconds / 60)

    @property
    def minutes_asleep(self) -> int:
        """Return the minutes spent in any stage but awake."""
        return sum(self.minutes(stage) for stage in STAGES if stage != "awake")


def make_night(
    wearer: Wearer, midnight: datetime, weekend: bool, random: np.random.Generator
) -> Night:
    """Make the night that ends on the day beginning at `midnight` (aware UTC).

    Cycles of about 90 minutes; deep sleep early in the night, REM late.
    """
    later = 35 if weekend else 0
    bedtime = wearer.bedtime - 24 * 60 + later + round(random.normal(0, 22))
    waking = wearer.waking + later + round(random.normal(0, 18))
    edges: list[tuple[str, int]] = [("awake", round(random.uniform(4, 16)))]
    total = waking - bedtime
    while (passed := sum(minutes for _, minutes in edges)) < total:
        edges += _cycle(passed / total, random)
    return _placed(midnight + timedelta(minutes=bedtime), total, edges)


def _cycle(progress: float, random: np.random.Generator) -> list[tuple[str, int]]:
    """Return one sleep cycle as stages with their minutes."""
    scatter = random.uniform(0.75, 1.25, 4)
    deep = max(0.0, 32 * (1 - 1.35 * progress)) * scatter[0]
    rem = (7 + 27 * progress) * scatter[1]
    parts = [
        ("light", 21 * scatter[2]),
        ("deep", deep),
        ("light", 24 * scatter[3]),
        ("rem", rem),
        ("awake", random.exponential(6.5)),
    ]
    return [(stage, round(minutes)) for stage, minutes in parts if minutes >= 1]


def _placed(start: datetime, total: int, edges: list[tuple[str, int]]) -> Night:
    """Lay the stages out from `start`, cut off at `total` minutes."""
    stages = []
    passed = 0
    for stage, minutes in edges:
        until = min(passed + minutes, total)
        if until > passed:
            stages.append(
                Stage(stage, start + timedelta(minutes=passed), start + timedelta(minutes=until))
            )
        passed = until
    return Night(start, start + timedelta(minutes=total), tuple(stages))
