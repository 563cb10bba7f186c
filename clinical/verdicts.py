"""One kind of event for every verdict on a rhythm: a vendor's on its own recording, and ours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from config.clinical import load


class Signal(StrEnum):
    """What a verdict rests on."""

    ECG = "ECG"
    PPG = "PPG"


class Meaning(StrEnum):
    """What a verdict says, in the one vocabulary of config/clinical/verdicts.toml.

    AFIB_NEGATIVE says that no atrial fibrillation was found and nothing else: it is not sinus
    rhythm.
    """

    SINUS_RHYTHM = "sinus_rhythm"
    AFIB_NEGATIVE = "afib_negative"
    ATRIAL_FIBRILLATION = "atrial_fibrillation"
    IRREGULAR = "irregular"
    INCONCLUSIVE_HIGH_RATE = "inconclusive_high_hr"
    INCONCLUSIVE_LOW_RATE = "inconclusive_low_hr"
    INCONCLUSIVE = "inconclusive"
    POOR_RECORDING = "poor_recording"
    NOT_ANALYSED = "not_analyzed"
    UNKNOWN = "unknown"


POSITIVE = frozenset({Meaning.ATRIAL_FIBRILLATION, Meaning.IRREGULAR})
"""Verdicts that ask for a look."""


@dataclass(frozen=True, slots=True)
class RhythmEvent:
    """What somebody decided about a stretch of a signal; times are aware UTC.

    `decider` is a vendor or our own rule with its `version` (empty where the vendor does not say
    it), `said` the decider's own word, kept as it was. `end` is None while it goes on.
    `probability` is 0 to 1 where the decider gives a calibrated one.
    """

    meaning: Meaning
    start: datetime
    end: datetime | None
    signal: Signal
    decider: str
    version: str
    said: str
    device: str = ""
    probability: float | None = None

    @property
    def is_positive(self) -> bool:
        """Whether it asks for a look."""
        return self.meaning in POSITIVE

    @property
    def text(self) -> str:
        """The meaning as a sentence for people, never stronger than "possible"."""
        return str(load("verdicts")["meaning"][self.meaning.value])


def meaning_of(word: str) -> Meaning:
    """Return the meaning that a word of the vocabulary names, UNKNOWN for any other."""
    try:
        return Meaning(word)
    except ValueError:
        return Meaning.UNKNOWN


def severity(kind: str, events: Iterable[RhythmEvent]) -> str:
    """Return the word of config/clinical/severity.toml for a finding that rests on `events`.

    Where there is any verdict on an ECG, ECG alone decides: a pulse recording adds nothing to it.
    A finding that rests on pulse alone has the word for that.
    """
    table = load("severity")
    on_ecg = [event for event in events if event.signal is Signal.ECG]
    if on_ecg and not any(event.is_positive for event in on_ecg):
        return str(table["none"])
    return str(table["words"][kind] if on_ecg else table["pulse_only"])
