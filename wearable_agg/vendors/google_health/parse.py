"""Google's pages into measurements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from wearable_agg.measurements.model import Measurement
from wearable_agg.vendors.answers import Part, read
from wearable_agg.vendors.days import day_bounds, offset_at
from wearable_agg.vendors.google_health import kinds
from wearable_agg.vendors.google_health.sleep import sleep_session
from wearable_agg.vendors.google_health.source import Origin, origin_of
from wearable_agg.vendors.google_health.times import civil_date, instant, utc_offset

Reader = Callable[[Part, ZoneInfo], Iterator[Measurement]]


def parse(kind: str, raw: bytes, zone: ZoneInfo) -> list[Measurement]:
    """Read a page; raises Malformed and Unusable."""
    answer = read(raw)
    points = answer.find("rollupDataPoints" if kind == kinds.STEPS else "dataPoints")
    reader = _READERS[kind]
    return [one for point in (points.items() if points else ()) for one in reader(point, zone)]


def _steps(point: Part, zone: ZoneInfo) -> Iterator[Measurement]:
    """A roll-up is one civil day's total over all sources, without counting any twice."""
    day = civil_date(point.member("civilStartTime").member("date"))
    start, end = day_bounds(day, zone)
    total = point.member("steps").member("countSum").integer()
    origin = Origin(device="", method="derived", vendor_id="")
    yield origin.measurement("steps", total, "{steps}", start, end, offset_at(start, zone))


def _heart_rate(point: Part, zone: ZoneInfo) -> Iterator[Measurement]:
    value = point.member("heartRate")
    time = value.member("sampleTime")
    at = instant(time.member("physicalTime"))
    rate = value.member("beatsPerMinute").integer()
    offset = utc_offset(time.find("utcOffset"))
    yield origin_of(point).measurement("heart_rate", rate, "/min", at, at, offset)


def _daily(member: str, field: str, kind: str, unit: str, statistic: str = "") -> Reader:
    """Return a reader of one daily value; a day without it yields nothing."""

    def reader(point: Part, zone: ZoneInfo) -> Iterator[Measurement]:
        value = point.member(member)
        start, end = day_bounds(civil_date(value.member("date")), zone)
        number = value.find(field)
        if number is not None:
            offset = offset_at(start, zone)
            yield origin_of(point).measurement(
                kind, number.number(), unit, start, end, offset, statistic
            )

    return reader


def _sleep(point: Part, zone: ZoneInfo) -> Iterator[Measurement]:
    """A session's minutes span the session itself; it belongs to the local day on which it ends."""
    session = point.member("sleep")
    times = session.member("interval")
    start: datetime = instant(times.member("startTime"))
    end: datetime = instant(times.member("endTime"))
    offset = utc_offset(times.find("endUtcOffset"))
    origin = origin_of(point)
    for stage, minutes in sleep_session(session).items():
        yield origin.measurement(f"sleep_{stage}", minutes, "min", start, end, offset)


_READERS: dict[str, Reader] = {
    kinds.STEPS: _steps,
    kinds.HEART_RATE: _heart_rate,
    kinds.RESTING_HEART_RATE: _daily(
        "dailyRestingHeartRate", "beatsPerMinute", "resting_heart_rate", "/min"
    ),
    # the daily average is an RMSSD, as Google's sample type names it
    kinds.HEART_RATE_VARIABILITY: _daily(
        "dailyHeartRateVariability", "averageHeartRateVariabilityMilliseconds", "hrv", "ms", "RMSSD"
    ),
    kinds.OXYGEN_SATURATION: _daily(
        "dailyOxygenSaturation", "averagePercentage", "oxygen_saturation", "%"
    ),
    kinds.SLEEP_SESSION: _sleep,
}
