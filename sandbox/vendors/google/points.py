"""A wearer's days as Google data points."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sandbox.vendors.google.shapes import (
    Point,
    civil_date,
    interval,
    physical,
    point,
    sample_time,
    source,
)
from sandbox.vendors.world import World
from sandbox.wearer.days import SLOT, Day
from sandbox.wearer.ecg import SpotEcg, spot_ecgs
from sandbox.wearer.people import Wearer

Timed = tuple[datetime, Point]
"""The instant a filter compares, and the point."""

PROCESSING = timedelta(minutes=20)
"""How long after waking the night's values are ready."""

WEIGH_EVERY_DAYS = 3

ECG_HERTZ = 250
ECG_SCALING = 10922


def heart_rate(world: World, wearer: Wearer, day: Day) -> Iterator[Timed]:
    """Yield one sample per ten minutes worn."""
    origin = source(wearer)
    for slot in range(day.slots_until(world.synced(wearer.id))):
        rate = int(day.rates[slot])
        if rate:
            at = day.midnight + slot * SLOT
            motion = "ACTIVE" if day.steps[slot] > 150 else "SEDENTARY"
            value = {
                "beatsPerMinute": str(rate),
                "sampleTime": sample_time(at, wearer),
                "metadata": {"motionContext": motion},
            }
            yield at, point("heart-rate", physical(at), wearer, origin, heartRate=value)


def steps(world: World, wearer: Wearer, day: Day) -> Iterator[Timed]:
    """Yield the steps of every ten minutes with any, and what a phone counted but sent late."""
    origin = source(wearer)
    late = world.late_steps(wearer.id, day.date)
    counts = [int(count) for count in day.steps[: day.slots_until(world.synced(wearer.id))]]
    if late and len(counts) > 72:
        counts[72] += late
    for slot, count in enumerate(counts):
        if count:
            at = day.midnight + slot * SLOT
            value = {"count": str(count), "interval": interval(at, at + SLOT, wearer)}
            yield at, point("steps", physical(at), wearer, origin, steps=value)


def resting_heart_rate(world: World, wearer: Wearer, day: Day) -> Iterator[Timed]:
    """Yield the day's resting heart rate."""
    value = {
        "beatsPerMinute": str(day.resting_rate),
        "dailyRestingHeartRateMetadata": {"calculationMethod": "WITH_SLEEP"},
    }
    kind = "daily-resting-heart-rate"
    yield from _daily(world, wearer, day, kind, "dailyRestingHeartRate", value)


def heart_rate_variability(world: World, wearer: Wearer, day: Day) -> Iterator[Timed]:
    """Yield the night's RMSSD."""
    value = {"averageHeartRateVariabilityMilliseconds": day.rmssd, "entropy": 2.9}
    kind = "daily-heart-rate-variability"
    yield from _daily(world, wearer, day, kind, "dailyHeartRateVariability", value)


def oxygen_saturation(world: World, wearer: Wearer, day: Day) -> Iterator[Timed]:
    """Yield the night's mean SpO2."""
    mean = day.oxygen or 0.0
    value = {
        "averagePercentage": mean,
        "lowerBoundPercentage": round(mean - 2.1, 1),
        "upperBoundPercentage": min(100.0, round(mean + 1.6, 1)),
        "standardDeviationPercentage": 0.8,
    }
    kind = "daily-oxygen-saturation"
    yield from _daily(world, wearer, day, kind, "dailyOxygenSaturation", value)


def respiratory_rate(world: World, wearer: Wearer, day: Day) -> Iterator[Timed]:
    """Yield the night's respiratory rate, which follows the resting heart rate."""
    value = {"breathsPerMinute": round(8 + (day.resting_rate or 0) / 9, 1)}
    kind = "daily-respiratory-rate"
    yield from _daily(world, wearer, day, kind, "dailyRespiratoryRate", value)


def weight(world: World, wearer: Wearer, day: Day) -> Iterator[Timed]:
    """Yield a weight on every third morning."""
    at = day.midnight + timedelta(hours=6, minutes=45)
    number = day.date.toordinal()
    if number % WEIGH_EVERY_DAYS == 0 and at < world.synced(wearer.id):
        grams = (wearer.weight + 0.2 * (number % 7 - 3)) * 1000
        value = {"weightGrams": round(grams, 1), "sampleTime": sample_time(at, wearer)}
        yield at, point("weight", physical(at), wearer, source(wearer, "MANUAL"), weight=value)


def nothing(world: World, wearer: Wearer, day: Day) -> Iterator[Timed]:
    """Yield nothing."""
    return iter(())


def _daily(
    world: World, wearer: Wearer, day: Day, kind: str, member: str, value: dict[str, Any]
) -> Iterator[Timed]:
    """Yield a value that the night gave, once it is processed."""
    if day.night and day.night.end + PROCESSING <= world.synced(wearer.id):
        body = {**value, "date": civil_date(day.date)}
        origin = source(wearer, "DERIVED")
        yield day.midnight, point(kind, day.date.isoformat(), wearer, origin, **{member: body})


def sleep(world: World, wearer: Wearer, day: Day) -> Iterator[Timed]:
    """Yield the night that ended on this day."""
    night = day.night
    if night is None or night.end + PROCESSING > world.synced(wearer.id):
        return
    value = {
        "interval": interval(night.start, night.end, wearer),
        "type": "STAGES",
        "stages": [_stage(stage.stage, stage.start, stage.end, wearer) for stage in night.stages],
        "metadata": {"mainSleep": True, "processed": True, "stagesStatus": "SUCCEEDED"},
        "summary": {
            "minutesAsleep": str(night.minutes_asleep),
            "minutesAwake": str(night.minutes("awake")),
            "minutesInSleepPeriod": str(round((night.end - night.start).total_seconds() / 60)),
            "stagesSummary": [
                {"type": name.upper(), "minutes": str(night.minutes(name)), "count": "4"}
                for name in ("awake", "light", "deep", "rem")
            ],
        },
    }
    yield night.end, point("sleep", day.date.isoformat(), wearer, source(wearer), sleep=value)


def _stage(name: str, start: datetime, end: datetime, wearer: Wearer) -> dict[str, Any]:
    times = interval(start, end, wearer)
    kept = ("startTime", "startUtcOffset", "endTime", "endUtcOffset")
    return {"type": name.upper(), **{key: times[key] for key in kept}}


def electrocardiogram(world: World, wearer: Wearer, day: Day) -> Iterator[Timed]:
    """Yield the spot ECGs of the day; their dataSource is empty, as the vendor's is."""
    for reading in _readings(world, wearer, day):
        waveform = (reading.millivolts(ECG_HERTZ) * ECG_SCALING).round().astype(int)
        value = {
            "interval": interval(reading.time, reading.time, wearer),
            "leadNumber": 1,
            "resultClassification": (
                "ATRIAL_FIBRILLATION" if reading.afib else "NORMAL_SINUS_RHYTHM"
            ),
            "samplingFrequencyHertz": ECG_HERTZ,
            "millivoltsScalingFactor": ECG_SCALING,
            "beatsPerMinuteAvg": str(reading.rate),
            "medicalDeviceInfo": {"deviceModel": wearer.device, "featureVersion": "1"},
            "waveformSamples": waveform.tolist(),
        }
        kind = "electrocardiogram"
        key = physical(reading.time)
        yield reading.time, point(kind, key, wearer, {}, electrocardiogram=value)


def irregular_rhythm(world: World, wearer: Wearer, day: Day) -> Iterator[Timed]:
    """Yield an alert for a day on which a spot ECG showed fibrillation."""
    for reading in _readings(world, wearer, day):
        if reading.afib:
            start = reading.time - timedelta(hours=6)
            windows = [_alert_window(start + timedelta(minutes=5 * n), wearer) for n in range(5)]
            value = {
                "interval": interval(start, start + timedelta(minutes=25), wearer),
                "alertWindows": windows,
                "medicalDeviceInfo": {"deviceModel": wearer.device},
            }
            kind = "irregular-rhythm-notification"
            key = physical(start)
            yield start, point(kind, key, wearer, {}, irregularRhythmNotification=value)


def _alert_window(start: datetime, wearer: Wearer) -> dict[str, Any]:
    times = interval(start, start + timedelta(minutes=5), wearer)
    beats = [
        {
            "physicalTime": physical(start + timedelta(seconds=2 * n)),
            "utcOffset": times["startUtcOffset"],
            "beatsPerMinute": 88 + 37 * n % 61,
        }
        for n in range(8)
    ]
    kept = ("startTime", "startUtcOffset", "endTime", "endUtcOffset")
    return {**{key: times[key] for key in kept}, "positive": True, "heartBeats": beats}


def _readings(world: World, wearer: Wearer, day: Day) -> list[SpotEcg]:
    until = min(day.end, world.synced(wearer.id))
    return [
        reading
        for reading in spot_ecgs(wearer, world.anchor())
        if day.midnight <= reading.time < until
    ]
