"""AliveCor Kardia API: one recording as JSON (developers.kardia.com, recordings)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import numpy as np

from wearable_agg.ecg.recordings import NoRecording, Recording, checked_rate, counted
from wearable_agg.vendors.answers import Part, read, text_of
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.verdicts import verdict
from wearable_agg.vendors.waveforms import counts, rate_of

_NANOVOLTS_PER_MICROVOLT = 1000.0
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
    samples = list(unfiltered.member("samples").members())
    if not any(name in _LEADS for name, _ in samples):
        raise NoRecording(f"no lead that is known: {', '.join(name for name, _ in samples)}")
    for name, part in samples:
        if name not in _LEADS:
            continue
        gain, values = counted(np.array(counts(part), np.float64) * scale, scale)
        yield Recording(
            name=text_of(whole.find("id")),
            lead=_LEADS[name],
            rate=rate,
            gain=gain,
            counts=values,
            start=_instant(whole.member("recordedAt")),
            verdict=verdict("kardia", word),
            vendor_verdict=word,
            device=_device(whole.find("deviceInfo")),
        )


def _instant(part: Part) -> datetime:
    try:
        moment = datetime.fromisoformat(part.text())
    except ValueError:
        raise Unusable(part.path, "not an instant") from None
    if moment.tzinfo is None:
        raise Unusable(part.path, "an instant without offset")
    return moment


def _device(part: Part | None) -> str:
    if part is None:
        return ""
    words = (text_of(part.find(name)) for name in ("hardwareType", "serialNumber"))
    return " ".join(word for word in words if word)
