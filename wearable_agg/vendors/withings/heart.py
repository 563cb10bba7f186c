"""Withings' ECGs: the list with its verdicts, and single waveforms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

from wearable_agg.measurements.model import BloodPressure, EcgRecording, EcgSignal
from wearable_agg.vendors.answers import Part, optional_number
from wearable_agg.vendors.days import Span
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.findings import Found
from wearable_agg.vendors.verdicts import verdict
from wearable_agg.vendors.waveforms import counts, rate_of
from wearable_agg.vendors.withings.quantities import SITES
from wearable_agg.vendors.withings.rows import SOURCE, device_of, identifier
from wearable_agg.vendors.withings.values import moment

_WRISTS = frozenset({0, 1})
_LEAD_OF_A_WRIST = "I"
_ELSEWHERE = "the waveform is fetched by itself"


def recordings(body: Part) -> Iterator[Found]:
    """Read the list: verdicts, and the blood pressure that a cuff took with them.

    Raises Unusable.
    """
    for row in body.member("series").items():
        span = moment(row.member("timestamp"))
        ecg, pressure = row.find("ecg"), row.find("bloodpressure")
        if ecg is not None:
            yield Found(ecg.path, _recording(row, ecg, span))
        if pressure is not None:
            signal = identifier(ecg, "signalid") if ecg else ""
            yield Found(pressure.path, _pressure(row, pressure, span, signal))


def signal(body: Part) -> Iterator[Found]:
    """Read one waveform, which Withings writes in microvolts; raises Unusable."""
    position = body.find("wearposition")
    worn = position.integer() if position else -1
    samples = body.member("signal")
    waveform = EcgSignal(
        rate=rate_of(body.member("sampling_frequency")),
        lead=_LEAD_OF_A_WRIST if worn in _WRISTS else "",
        microvolts_per_count=1.0,
        samples=counts(samples),
        site=SITES.get(worn, ""),
    )
    yield Found(samples.path, waveform)


def signal_ids(body: Part) -> list[str]:
    """Return the numbers of the waveforms that a list names; raises Unusable."""
    rows = (row.find("ecg") for row in body.member("series").items())
    return [identifier(ecg, "signalid") for ecg in rows if ecg is not None]


def with_waveforms(body: Part, waveforms: Mapping[str, Part]) -> Iterator[Found]:
    """Read the list, each ECG with its waveform where that can be used; raises Unusable."""
    for found in recordings(body):
        one = found.item
        if isinstance(one, EcgRecording) and one.vendor_id in waveforms:
            yield Found(found.path, _whole(one, waveforms[one.vendor_id]))
        else:
            yield found


def _whole(one: EcgRecording, body: Part) -> EcgRecording:
    try:
        waveform = next(signal(body)).item
    except Unusable as error:
        return replace(one, flaw=f"unusable waveform: {error}")
    if not isinstance(waveform, EcgSignal):
        return one
    end = one.start + timedelta(seconds=waveform.seconds)
    return replace(one, signal=waveform, end=max(one.end, end), flaw="")


def _recording(row: Part, ecg: Part, span: Span) -> EcgRecording:
    result = ecg.find("afib")
    word = str(result.integer()) if result else ""
    return EcgRecording(
        verdict=verdict("withings_list", word),
        vendor_verdict=word,
        mean_heart_rate=optional_number(row.find("heart_rate")),
        signal=None,
        start=span.start,
        end=span.end,
        offset_seconds=None,
        source=SOURCE,
        device=device_of(row),
        vendor_id=identifier(ecg, "signalid"),
        flaw=_ELSEWHERE,
    )


def _pressure(row: Part, pressure: Part, span: Span, vendor_id: str) -> BloodPressure:
    return BloodPressure(
        systolic=float(pressure.member("systole").number()),
        diastolic=float(pressure.member("diastole").number()),
        pulse=None,
        start=span.start,
        end=span.end,
        offset_seconds=None,
        source=SOURCE,
        device=device_of(row),
        method="active",
        vendor_id=vendor_id,
    )
