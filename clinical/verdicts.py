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
    OTHER_RHYTHM = "other_rhythm"
    INCONCLUSIVE_HIGH_RATE = "inconclusive_high_hr"
    INCONCLUSIVE_LOW_RATE = "inconclusive_low_hr"
    INCONCLUSIVE = "inconclusive"
    POOR_RECORDING = "poor_recording"
    NOT_ANALYSED = "not_analyzed"
    UNKNOWN = "unknown"


POSITIVE = frozenset({Meaning.ATRIAL_FIBRILLATION, Meaning.IRREGULAR})
"""Verdicts that ask for a look."""


_KIND = "atrial-fibrillation"


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
    def is_own(self) -> bool:
        """Whether our own, investigational software decided."""
        return self.decider in load("deciders")["own"]

    @property
    def decided_by(self) -> str:
        """The decider as people call it."""
        known = load("deciders")
        names = {**known["vendor"], **known["own"]}
        return str(names.get(self.decider, self.decider))

    @property
    def severity(self) -> str:
        """The word that orders attention, "" for what asks for none."""
        return severity(_KIND, [self]) if self.is_positive else ""

    @property
    def basis(self) -> str:
        """What it rests on, for people."""
        return basis(self.signal.value, beats_alone=on_beats_alone(self.decider))

    @property
    def text(self) -> str:
        """The meaning as a sentence for people, never stronger than "possible"."""
        return str(load("verdicts")["meaning"][self.meaning.value])


def on_beats_alone(decider: str) -> bool:
    """Tell whether this decider knows when the heart beat and sees no ECG."""
    return decider in load("deciders")["beats_alone"]["deciders"]


def basis(signal: str, *, beats_alone: bool) -> str:
    """Return what a verdict rests on, for people: "ECG", "PPG", or that it is beats only."""
    return str(load("deciders")["beats_alone"]["basis"][signal]) if beats_alone else signal


def meaning_of(word: str) -> Meaning:
    """Return the meaning that a word of the vocabulary names, UNKNOWN for any other."""
    try:
        return Meaning(word)
    except ValueError:
        return Meaning.UNKNOWN


def once(events: Iterable[RhythmEvent]) -> list[RhythmEvent]:
    """Return the events, the latest first, each verdict once.

    A vendor may tell the same verdict in two ways, as of the recording and as of the measure.
    """
    kept: dict[tuple[object, ...], RhythmEvent] = {}
    for one in events:
        second = int(one.start.timestamp())
        kept.setdefault((one.decider, one.signal, one.meaning, second), one)
    return sorted(kept.values(), key=lambda one: one.start, reverse=True)


def foremost(events: Iterable[RhythmEvent], most: int) -> list[RhythmEvent]:
    """Return at most so many, the latest first; what asks for a look goes before the rest."""
    newest = sorted(events, key=lambda one: one.start, reverse=True)
    ranked = sorted(newest, key=lambda one: not one.is_positive)[:most]
    return sorted(ranked, key=lambda one: one.start, reverse=True)


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
