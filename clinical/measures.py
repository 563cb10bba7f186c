"""Numbers that know their unit and what they rest on, and the absence of a number as a result."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from config.clinical import load


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit with its unit and where it comes from (config/clinical/display.toml)."""

    value: float
    unit: str
    source: str

    @classmethod
    def named(cls, name: str) -> "Threshold":
        """The threshold of this name; KeyError if the table has none."""
        return cls(**load("display")[name])


@dataclass(frozen=True, slots=True)
class Measure:
    """A value, and the time it was measured over out of the time it is said of."""

    value: float
    unit: str
    covered: timedelta
    window: timedelta

    @property
    def coverage(self) -> float:
        """The measured share of the window, 0 to 1."""
        return self.covered / self.window


@dataclass(frozen=True, slots=True)
class NotEnoughData:
    """There are data, or none, but fewer than a number needs."""

    covered: timedelta
    needed: timedelta


def typical(values: Iterable[float | None], unit: str) -> Measure | NotEnoughData:
    """The median of one value a day, if enough of the days have one (`median_needs`)."""
    days = list(values)
    known = [value for value in days if value is not None]
    covered, window = timedelta(days=len(known)), timedelta(days=len(days))
    needed = window * Threshold.named("median_needs").value
    if not known or covered < needed:
        return NotEnoughData(covered, needed)
    return Measure(median(known), unit, covered, window)


def afib_burden(
    fibrillating: timedelta, analysed: timedelta, window: timedelta
) -> Measure | NotEnoughData:
    """Share of the analysable time spent in atrial fibrillation, in % (EHRA/ESC 2025, euaf019).

    Time without analysable ECG is neither: it is in `coverage`, not in the value.
    """
    needed = timedelta(hours=Threshold.named("burden_needs").value)
    if analysed < needed:
        return NotEnoughData(analysed, needed)
    return Measure(100 * (fibrillating / analysed), "%", analysed, window)


def change(now: Measure | NotEnoughData, before: Measure | NotEnoughData) -> float | None:
    """How much a measure differs from the period before; None if one of them is not known."""
    if isinstance(now, Measure) and isinstance(before, Measure):
        return now.value - before.value
    return None
