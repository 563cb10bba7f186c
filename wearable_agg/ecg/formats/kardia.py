"""AliveCor Kardia API: one recording as JSON (developers.kardia.com, recordings)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from wearable_agg.ecg.recordings import (
    NoRecording,
    Recording,
    best_for_rhythm,
    checked_rate,
    counted,
)
from wearable_agg.measurements.model import EcgRecording, EcgSignal
from wearable_agg.vendors.answers import Part, optional_number, read, text_of
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.verdicts import verdict
from wearable_agg.vendors.waveforms import counts, rate_of

_NANOVOLTS_PER_MICROVOLT = 1000.0
_LONGEST_MILLISECONDS = 3_600_000
_LEADS = {"leadI": "I", "lead_I": "I", "leadII": "II", "leadIII": "III"} | {
    f"AV{limb}": f"aV{limb}" for limb in "RLF"
}


def recordings(raw: bytes) -> Iterator[Recording]:
    """Yield the unfiltered leads; raises NoRecording, Malformed and Unusable.

    Older answers do not say how many nanovolts a count is: they are refused and not guessed.
    """
    whole = read(raw)
    word = text_of(whole.find("algorithmDetermination"))
    unfiltered = whole.member("data").member("raw")
    nanovolts = unfiltered.find("amplitudeResolution")
    if nanovolts is None:
        raise NoRecording("amplitudeResolution is missing: its samples have no unit")
    scale = float(nanovolts.number()) / _NANOVOLTS_PER_MICROVOLT
    if not 0 < scale < 1000:
        raise Unusable(nanovolts.path, "not a resolution")
    rate = checked_rate(rate_of(unfiltered.member("frequency")))
    for lead, part in _leads(unfiltered.member("samples")):
        gain, values = counted(np.array(counts(part), np.float64) * scale, scale)
        yield Recording(
            name=text_of(whole.find("id")),
            lead=lead,
            rate=rate,
            gain=gain,
            counts=values,
            start=_instant(whole.member("recordedAt")).astimezone(UTC),
            verdict=verdict("kardia", word),
            vendor_verdict=word,
            device=_device(whole.find("deviceInfo")),
        )


def told(raw: bytes) -> EcgRecording:
    """Return the recording with Kardia's verdict and its best lead; raises Malformed and Unusable.

    Where the waveform cannot be scaled the verdict stands alone, and the flaw says why.
    """
    whole = read(raw)
    word = text_of(whole.find("algorithmDetermination"))
    start = _instant(whole.member("recordedAt"))
    signal, flaw = _signal(raw)
    duration = optional_number(whole.find("duration"))
    if duration is not None and not 0 <= duration <= _LONGEST_MILLISECONDS:
        raise Unusable("$.duration", "not a duration in milliseconds")
    seconds = signal.seconds if signal else (duration or 0.0) / 1000
    offset = start.utcoffset()
    return EcgRecording(
        verdict=verdict("kardia", word),
        vendor_verdict=word,
        mean_heart_rate=optional_number(whole.find("heartRate")),
        signal=signal,
        start=start.astimezone(UTC),
        end=start.astimezone(UTC) + timedelta(seconds=seconds),
        offset_seconds=None if offset is None else round(offset.total_seconds()),
        source="kardia",
        device=_device(whole.find("deviceInfo")),
        vendor_id=text_of(whole.find("id")),
        flaw=flaw,
    )


def _signal(raw: bytes) -> tuple[EcgSignal | None, str]:
    try:
        best = best_for_rhythm(list(recordings(raw)))
    except NoRecording as reason:
        return None, str(reason)
    return EcgSignal(best.rate, best.lead, best.gain, tuple(best.counts.tolist())), ""


def _leads(samples: Part) -> list[tuple[str, Part]]:
    told = list(samples.members())
    known = [(_LEADS[name], part) for name, part in told if name in _LEADS]
    if not known:
        raise NoRecording(f"no lead that is known: {', '.join(name for name, _ in told)}")
    return known


def _instant(part: Part) -> datetime:
    try:
        moment = datetime.fromisoformat(part.text())
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unusable(part.path, "not an instant") from None
    if moment.tzinfo is None:
        raise Unusable(part.path, "an instant without offset")
    return moment


def _device(part: Part | None) -> str:
    if part is None:
        return ""
    words = (text_of(part.find(name)) for name in ("hardwareType", "serialNumber"))
    return " ".join(word for word in words if word)
