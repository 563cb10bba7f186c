"""Google's notices of an irregular rhythm."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from wearable_agg.measurements.model import AlertWindow, Beat, RhythmNotification, VendorFeature
from wearable_agg.vendors.answers import Part
from wearable_agg.vendors.google_health.medical_device import algorithm_of, device_of
from wearable_agg.vendors.google_health.source import SOURCE, Origin
from wearable_agg.vendors.google_health.times import instant, interval


def irregular_rhythm(record: Part, origin: Origin, zone: ZoneInfo) -> Iterator[RhythmNotification]:
    """Read a notice with the windows that raised it, which may overlap. Raises Unusable."""
    times = interval(record.member("interval"))
    windows = record.find("alertWindows")
    yield RhythmNotification(
        rhythm="irregular",
        windows=tuple(_window(one) for one in (windows.items() if windows else ())),
        start=times.start,
        end=times.end,
        offset_seconds=times.offset_seconds,
        source=SOURCE,
        device=device_of(record, origin),
        vendor_id=origin.vendor_id,
        algorithm=algorithm_of(record),
    )


def profile(answer: Part) -> VendorFeature:
    """Read whether the person gets notices at all: set up, and switched on. Raises Unusable."""
    steps = (answer.find("onboardingStatus"), answer.find("enrollmentStatus"))
    at_work = all(step is not None and step.flag() for step in steps)
    return VendorFeature(SOURCE, "rhythm_notification", at_work)


def _window(part: Part) -> AlertWindow:
    times = interval(part)
    positive, beats = part.find("positive"), part.find("heartBeats")
    return AlertWindow(
        start=times.start,
        end=times.end,
        offset_seconds=times.offset_seconds,
        positive=positive is not None and positive.flag(),
        beats=tuple(_beat(one) for one in (beats.items() if beats else ())),
    )


def _beat(part: Part) -> Beat:
    rate = float(part.member("beatsPerMinute").number())
    return Beat(instant(part.member("physicalTime")), rate)
