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


class Ground(StrEnum):
    """What a verdict counts as when several are weighed against each other.

    HEART_BEATS is for when the heart beat, without an ECG; PULSE for whatever light found.
    """

    ECG = "ecg"
    HEART_BEATS = "heart_beats"
    PULSE = "pulse"


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
    `probability` is 0 to 1 where the decider gives a calibrated one: of a stream of ECG, no other.
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
    def ground(self) -> Ground:
        """What it counts as."""
        return ground(self.signal, self.decider)

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


def ground(signal: Signal, decider: str) -> Ground:
    """Return what the verdict of a decider on a signal counts as."""
    if signal is Signal.PPG:
        return Ground.PULSE
    return Ground.HEART_BEATS if on_beats_alone(decider) else Ground.ECG


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
    """Return the word of config/clinical/severity.toml for what rests on `events` of one time.

    The weightiest ground that asks for a look gives the word. Heart beats and pulse add nothing to
    an ECG, and an ECG that says otherwise outweighs them; one that nobody could read does not.
    """
    table, events = load("severity"), list(events)
    asking = {event.ground for event in events if event.is_positive}
    outweighed = Ground.ECG not in asking and any(map(_says_otherwise, events))
    words = table["words"][kind]
    heard = () if outweighed else (word for name, word in words.items() if name in asking)
    return str(next(iter(heard), table["none"]))


def gravest(kind: str, words: Iterable[str]) -> str:
    """Return the word among `words` that asks for most attention."""
    table = load("severity")
    order = [*table["words"][kind].values(), table["none"]]
    return min(words, key=order.index)


def _says_otherwise(event: RhythmEvent) -> bool:
    return event.ground is Ground.ECG and event.meaning.value in load("severity")["says_otherwise"]
