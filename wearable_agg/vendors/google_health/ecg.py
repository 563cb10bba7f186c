"""Google's electrocardiograms."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from wearable_agg.measurements.model import EcgRecording, EcgSignal
from wearable_agg.vendors.answers import Part, optional_number
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.google_health.medical_device import algorithm_of, device_of
from wearable_agg.vendors.google_health.source import SOURCE, Origin
from wearable_agg.vendors.google_health.times import interval
from wearable_agg.vendors.verdicts import verdict
from wearable_agg.vendors.waveforms import counts, rate_of

_MICROVOLTS_PER_MILLIVOLT = 1000
_LEAD = "I"


def electrocardiogram(record: Part, origin: Origin, zone: ZoneInfo) -> Iterator[EcgRecording]:
    """Read a recording. Google may give only the time of the reading: it lasts as the samples do.

    Without scale or rate the waveform cannot be used; the verdict stands. Raises Unusable.
    """
    times = interval(record.member("interval"))
    word = record.member("resultClassification").text()
    signal, flaw = _signal(record)
    end = times.end
    if signal and end == times.start:
        end = times.start + timedelta(seconds=signal.seconds)
    yield EcgRecording(
        verdict=verdict("google_health", word),
        vendor_verdict=word,
        mean_heart_rate=optional_number(record.find("beatsPerMinuteAvg")),
        signal=signal,
        start=times.start,
        end=end,
        offset_seconds=times.offset_seconds,
        source=SOURCE,
        device=device_of(record, origin),
        vendor_id=origin.vendor_id,
        flaw=flaw,
        algorithm=algorithm_of(record),
    )


def _signal(record: Part) -> tuple[EcgSignal | None, str]:
    samples = record.find("waveformSamples")
    scale, rate = record.find("millivoltsScalingFactor"), record.find("samplingFrequencyHertz")
    if samples is None or not samples.value:
        return None, "no waveform"
    if scale is None or rate is None:
        return None, "a waveform without scale" if scale is None else "a waveform without rate"
    per_millivolt = scale.number()
    if per_millivolt <= 0:
        raise Unusable(scale.path, "a scale that is not positive")
    microvolts = float(_MICROVOLTS_PER_MILLIVOLT / per_millivolt)
    return EcgSignal(rate_of(rate), _LEAD, microvolts, counts(samples)), ""
