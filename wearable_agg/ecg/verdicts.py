"""Vendors' verdicts and our own detections as events of one kind."""

from __future__ import annotations

from clinical.verdicts import Meaning, RhythmEvent, Signal, meaning_of
from wearable_agg.delivery.detection import Detection
from wearable_agg.measurements.model import EcgRecording, RhythmNotification, RhythmVerdict

_IRREGULAR = "irregular"
_SIGNALS = {"ecg": Signal.ECG, "ppg": Signal.PPG}


def of_vendor(said: EcgRecording | RhythmVerdict | RhythmNotification) -> RhythmEvent | None:
    """Return what a vendor decided; None for a notice of a high or low rate, which is no rhythm.

    A vendor's notice of an irregular pulse rests on the pulse, and so does a verdict whose method
    is not known: it never counts as ECG.
    """
    if isinstance(said, RhythmNotification):
        if said.rhythm != _IRREGULAR:
            return None
        meaning, signal, word = Meaning.IRREGULAR, Signal.PPG, said.rhythm
    elif isinstance(said, RhythmVerdict):
        meaning, word = meaning_of(said.verdict), said.vendor_verdict
        signal = _SIGNALS.get(said.method, Signal.PPG)
    else:
        meaning, signal, word = meaning_of(said.verdict), Signal.ECG, said.vendor_verdict
    return RhythmEvent(meaning, said.start, said.end, signal, said.source, "", word, said.device)


def of_detection(detection: Detection) -> RhythmEvent:
    """Return what our own rule decided."""
    return RhythmEvent(
        meaning=Meaning.ATRIAL_FIBRILLATION,
        start=detection.onset,
        end=detection.end,
        signal=Signal(detection.signal),
        decider=detection.decider,
        version=detection.decider_version,
        said=Meaning.ATRIAL_FIBRILLATION.value,
        device=detection.device,
    )
