"""Apple's ECGs as JSON: HealthKit's own form, and those of two companion apps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from wearable_agg.measurements.model import EcgRecording, EcgSignal
from wearable_agg.vendors.answers import Part, label_of, text_of
from wearable_agg.vendors.apple.dates import span
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.findings import Found
from wearable_agg.vendors.verdicts import verdict
from wearable_agg.vendors.waveforms import counts, rate_of

SOURCE = "apple"
LEAD = "I"
MICROVOLTS = {"uV": 1.0, "µV": 1.0, "μV": 1.0, "mcV": 1.0, "mV": 1e3, "V": 1e6}
"""By unit. A unit that is missing or unknown is not guessed."""

_VOLTS = "V"
_VERSION = "HKMetadataKeyAppleECGAlgorithmVersion"


@dataclass(frozen=True, slots=True)
class _Waveform:
    samples: Part
    unit: str
    flaw: str = ""


def is_ecg(entry: Part) -> bool:
    """Tell whether an object is one of the forms of an ECG."""
    return isinstance(entry.value, dict) and "classification" in entry.value


def electrocardiogram(entry: Part) -> Iterator[Found]:
    """Read an ECG; raises Unusable."""
    word = entry.member("classification")
    said = word.text() if isinstance(word.value, str) else str(word.integer())
    start = (entry.find("startDate") or entry.member("start")).text()
    end = (entry.find("endDate") or entry.member("end")).text()
    times = span(start, end, entry.path)
    signal, flaw = _signal(entry)
    recording = EcgRecording(
        verdict=verdict("apple", said),
        vendor_verdict=said,
        mean_heart_rate=_quantity(entry.find("averageHeartRate"), "count/min"),
        signal=signal,
        start=times.start,
        end=times.end,
        offset_seconds=times.offset_seconds,
        source=SOURCE,
        device=_device(entry),
        vendor_id=text_of(entry.find("uuid") or entry.find("id")),
        flaw=flaw,
        algorithm=_algorithm(entry),
    )
    yield Found(entry.path, recording)


def _signal(entry: Part) -> tuple[EcgSignal | None, str]:
    waveform = _waveform(entry)
    if waveform is None:
        return None, "no waveform"
    scale = MICROVOLTS.get(waveform.unit)
    if scale is None:
        return None, f"a waveform in {waveform.unit or 'no unit'}"
    frequency = entry.find("samplingFrequency")
    if frequency is None:
        return None, "a waveform without rate"
    rate = rate_of(frequency.find("value") or frequency if _is_object(frequency) else frequency)
    samples = counts(waveform.samples)
    return EcgSignal(rate, LEAD, scale, samples), waveform.flaw or _gap(entry, rate)


def _waveform(entry: Part) -> _Waveform | None:
    if voltages := entry.find("voltages"):
        return _Waveform(voltages, text_of(entry.find("voltageUnit")))
    listed = entry.find("voltageMeasurements")
    if listed is None or not listed.value:
        return None
    first = next(listed.items())
    if isinstance(first.value, list):  # [seconds, volts]
        pairs = [_pair(one) for one in listed.items()]
        return _Waveform(Part([volts for _, volts in pairs], listed.path), _VOLTS)
    units = {text_of(one.find("units")) for one in listed.items()}
    values = [one.member("voltage").value for one in listed.items()]
    unit = units.pop() if len(units) == 1 else "several units"
    return _Waveform(Part(values, listed.path), unit, _missing(entry, len(values)))


def _missing(entry: Part, count: int) -> str:
    told = entry.find("numberOfVoltageMeasurements")
    if told is None or told.integer() == count:
        return ""
    return f"{count} samples of {told.integer()}"


def _pair(part: Part) -> tuple[float, float]:
    if not isinstance(part.value, list) or len(part.value) != 2:
        raise Unusable(part.path, "not a time and a voltage")
    time, volts = (float(one.number()) for one in part.items())
    return time, volts


def _gap(entry: Part, rate: float) -> str:
    """Say where timed samples do not follow one another."""
    listed = entry.find("voltageMeasurements")
    if listed is None or not isinstance(next(listed.items()).value, list):
        return ""
    times = [_pair(one)[0] for one in listed.items()]
    for earlier, later in pairwise(times):
        if not 0.5 < (later - earlier) * rate < 1.5:
            return f"samples are missing between {earlier:.3f} s and {later:.3f} s"
    return ""


def _quantity(part: Part | None, unit: str) -> float | None:
    if part is None:
        return None
    if not _is_object(part):
        return float(part.number())
    if part.member("unit").text() != unit:
        raise Unusable(f"{part.path}.unit", f"not {unit}")
    return float(part.member("value").number())


def _is_object(part: Part) -> bool:
    return isinstance(part.value, dict)


def _algorithm(entry: Part) -> str:
    metadata = entry.find("metadata")
    inside = metadata.find(_VERSION) if metadata and _is_object(metadata) else None
    said = label_of(entry.find("algorithmVersion") or inside)
    return f"algorithm {said}" if said else ""


def _device(entry: Part) -> str:
    source = entry.find("source")
    if source is not None and _is_object(source):
        return text_of(source.find("productType"))
    return text_of(entry.find("device") or source)
