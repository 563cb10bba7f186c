"""Reading a file of any format; the format is named, or told from the content."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from safeguards.strict_json import Malformed
from wearable_agg.ecg.formats import aecg, edf, kardia, movesense, polar, sampled_data
from wearable_agg.ecg.formats.detecting import format_of
from wearable_agg.ecg.recordings import (
    FINEST_GAIN,
    MICROVOLTS_PER_MILLIVOLT,
    NoRecording,
    Recording,
    best_for_rhythm,
    checked_rate,
    counted,
    read_wfdb_leads,
)
from wearable_agg.measurements.model import EcgRecording, EcgSignal
from wearable_agg.vendors.answers import LONGEST_ANSWER
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.files import read_file

_OF_BYTES: Mapping[str, Callable[[bytes], Iterator[Recording]]] = {
    "aecg": aecg.recordings,
    "edf": edf.recordings,
    "fhir": sampled_data.recordings,
    "kardia": kardia.recordings,
    "movesense": movesense.recordings,
    "polar": polar.from_lines,
}
_OF_VENDORS = ("apple", "google_health", "withings")
FORMATS = (*sorted(_OF_BYTES), *_OF_VENDORS, "wfdb")


def read_recordings(path: Path, kind: str | None = None) -> list[Recording]:
    """Read every lead of a file; raises NoRecording with the reason.

    `kind` is one of FORMATS, told from the content where it is not given. A WFDB record is named by
    its path with or without suffix, and its lead that is best for rhythm comes first.
    """
    kind = kind or format_of(path)
    try:
        if kind == "wfdb":
            return read_wfdb_leads(path)
        if kind in _OF_VENDORS:
            return _of_vendor(path, kind)
        return list(_OF_BYTES[kind](_bytes_of(path, kind)))
    except (Malformed, Unusable, OSError) as error:
        raise NoRecording(f"{path.name}: {error}") from error


def read_told(path: Path, kind: str, start: datetime | None) -> list[EcgRecording]:
    """Read a file as recordings that a person took, with the vendor's verdict where it has one.

    Of leads that were recorded together the best for rhythm is taken. `start` (aware) stands for
    a time that the format does not tell. Raises NoRecording with the reason.
    """
    try:
        if kind == "kardia":
            return [kardia.told(_bytes_of(path, kind))]
        if kind in _OF_VENDORS:
            items = [found.item for found in read_file(kind, path, ZoneInfo("UTC"))]
            return _with_times([one for one in items if isinstance(one, EcgRecording)])
        return _told(read_recordings(path, kind), kind, start)
    except (Malformed, Unusable, OSError) as error:
        raise NoRecording(f"{path.name}: {error}") from error
    except OverflowError as error:
        raise NoRecording(f"{path.name}: a time beyond reason") from error


def _with_times(told: list[EcgRecording]) -> list[EcgRecording]:
    if not told:
        raise NoRecording("no ECG that says when it was taken")
    return told


def _told(leads: Sequence[Recording], source: str, start: datetime | None) -> list[EcgRecording]:
    together: dict[datetime, list[Recording]] = {}
    for one in leads:
        begin = one.start or start
        if begin is None:
            raise NoRecording("it does not say when it was taken: give --start")
        together.setdefault(begin, []).append(one)
    if any(len({one.seconds for one in some}) > 1 for some in together.values()):
        raise NoRecording("several stretches, and it does not say when each began")
    return [
        _without_verdict(best_for_rhythm(some), source, begin) for begin, some in together.items()
    ]


def _without_verdict(one: Recording, source: str, start: datetime) -> EcgRecording:
    microvolts = one.millivolts(one.counts).astype(np.float64) * MICROVOLTS_PER_MILLIVOLT
    return EcgRecording(
        verdict=one.verdict,
        vendor_verdict=one.vendor_verdict,
        mean_heart_rate=None,
        signal=EcgSignal(one.rate, one.lead, 1.0, tuple(microvolts.tolist())),
        start=start.astimezone(UTC),
        end=start.astimezone(UTC) + timedelta(seconds=one.seconds),
        offset_seconds=None,
        source=source,
        device=one.device,
        vendor_id=one.name,
    )


def _bytes_of(path: Path, kind: str) -> bytes:
    largest = edf.LARGEST if kind == "edf" else LONGEST_ANSWER
    if path.stat().st_size > largest:
        raise NoRecording(f"more than the {largest} bytes allowed")
    return path.read_bytes()


def recording_of(told: EcgRecording) -> Recording:
    """Return a vendor's recording; raises NoRecording where its waveform cannot be used."""
    if told.signal is None or told.flaw:
        raise NoRecording(told.flaw or "no waveform")
    return replace(
        _of_signal(told.signal),
        name=told.vendor_id or told.source,
        start=told.start.astimezone(UTC),
        verdict=told.verdict,
        vendor_verdict=told.vendor_verdict,
        device=told.device,
    )


def _of_signal(signal: EcgSignal) -> Recording:
    values = np.array(signal.samples, np.float64)
    whole = bool(np.all(values == np.rint(values)))
    scale = signal.microvolts_per_count
    gain, counts = counted(values * scale, scale if whole else min(scale, FINEST_GAIN))
    return Recording("", signal.lead, checked_rate(signal.rate), gain, counts)


def _of_vendor(path: Path, vendor: str) -> list[Recording]:
    made = []
    for found in read_file(vendor, path, ZoneInfo("UTC")):
        if isinstance(found.item, EcgRecording):
            made.append(recording_of(found.item))
        elif isinstance(found.item, EcgSignal):
            made.append(replace(_of_signal(found.item), name=vendor))
    if not made:
        raise NoRecording("no ECG in it")
    return made
