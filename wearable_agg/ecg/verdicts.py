"""Vendors' verdicts on a rhythm, and our own on single recordings, as events of one kind."""

from __future__ import annotations

from clinical.verdicts import Meaning, RhythmEvent, Signal, meaning_of
from wearable_agg.measurements.model import EcgRecording, RhythmNotification, RhythmVerdict
from wearable_agg.measurements.statements import OwnVerdict

_IRREGULAR = "irregular"
_SIGNALS = {"ecg": Signal.ECG, "ppg": Signal.PPG}


def of_vendor(said: EcgRecording | RhythmVerdict | RhythmNotification) -> RhythmEvent | None:
    """Return what a vendor decided; None for a notice of a high or low rate, which is no rhythm,
    and for a recording that no vendor decided about.

    A vendor's notice of an irregular pulse rests on the pulse, and so does a verdict whose method
    is not known: it never counts as ECG.
    """
    if isinstance(said, RhythmNotification):
        if said.rhythm != _IRREGULAR:
            return None
        meaning, signal, word = Meaning.IRREGULAR, Signal.PPG, said.rhythm
        version = said.algorithm
    elif isinstance(said, RhythmVerdict):
        meaning, word, version = meaning_of(said.verdict), said.vendor_verdict, ""
        signal = _SIGNALS.get(said.method, Signal.PPG)
    elif said.verdict == Meaning.NOT_ANALYSED and not said.vendor_verdict:
        return None
    else:
        meaning, signal, word = meaning_of(said.verdict), Signal.ECG, said.vendor_verdict
        version = said.algorithm
    return RhythmEvent(
        meaning, said.start, said.end, signal, said.source, version, word, said.device
    )


def of_own(made: OwnVerdict) -> RhythmEvent:
    """Return what our own rule decided about a recording that a person took."""
    return RhythmEvent(
        meaning=meaning_of(made.verdict),
        start=made.start,
        end=made.end,
        signal=Signal.ECG,
        decider=made.decider,
        version=made.decider_version,
        said=made.said,
        device=made.device,
    )
