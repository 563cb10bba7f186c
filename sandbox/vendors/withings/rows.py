"""A wearer's days in Withings' rows."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from sandbox.vendors.world import World
from sandbox.wearer.days import SLOT, Day
from sandbox.wearer.ecg import spot_ecgs
from sandbox.wearer.people import Wearer
from sandbox.wearer.sleep import Night

PROCESSING = timedelta(minutes=20)
WATCH_MODEL, WATCH_MODEL_ID = "ScanWatch 2", 93
SCALE_MODEL, SCALE_MODEL_ID = "Body+", 5
WEIGH_EVERY_DAYS = 3
ANOTHER_BRAND_DAYS_AGO = 4
STATES = {"awake": 0, "light": 1, "deep": 2, "rem": 3}


def epoch(instant: datetime) -> int:
    """Return whole seconds since 1970."""
    return int(instant.timestamp())


def device_id(wearer: Wearer, model: str) -> str:
    """Return the hexadecimal identifier of a person's device."""
    return hashlib.sha256(f"{wearer.id}|{model}".encode()).hexdigest()[:40]


def finished(world: World, wearer: Wearer, day: Day) -> Night | None:
    """Return the night that ended on the day, once it is synced and processed."""
    night = day.night
    return night if night and night.end + PROCESSING <= world.synced(wearer.id) else None


def activities(world: World, wearer: Wearer, day: Day) -> list[dict[str, Any]]:
    """Return the day's activity rows: the watch's, and on one day another brand's beside it."""
    total = world.steps_total(wearer.id, day.date)
    if total is None:
        return []
    rates = day.rates[: day.slots_until(world.synced(wearer.id))]
    rates = rates[rates > 0]
    row = {
        "date": day.date.isoformat(),
        "timezone": wearer.zone.key,
        "deviceid": device_id(wearer, WATCH_MODEL),
        "hash_deviceid": device_id(wearer, WATCH_MODEL),
        "brand": 1,
        "model": WATCH_MODEL,
        "modelid": WATCH_MODEL_ID,
        "is_tracker": True,
        "steps": total,
        "distance": round(total * 0.71, 3),
        "elevation": total // 900,
        "calories": round(total * 0.038, 3),
        "hr_average": round(float(rates.mean())),
        "hr_min": int(rates.min()),
        "hr_max": int(rates.max()),
        "modified": epoch(_day_modified(world, wearer, day)),
    }
    if (world.anchor() - day.date).days != ANOTHER_BRAND_DAYS_AGO:
        return [row]
    phone = {"brand": 18, "model": "GoogleFit tracker", "modelid": 1055, "is_tracker": False}
    return [row, {**row, **phone, "deviceid": None, "hash_deviceid": None, "steps": total // 2}]


def _day_modified(world: World, wearer: Wearer, day: Day) -> datetime:
    """Return when the day's sums last grew: with a sync, or with what a phone sent late."""
    received = world.arrived(wearer.id, min(day.end, world.synced(wearer.id)))
    return max(filter(None, (received, world.amended(wearer.id, day.date))))


def _processed(world: World, wearer: Wearer, night: Night) -> datetime:
    return max(night.end, world.arrived(wearer.id, night.end)) + PROCESSING


def intraday(world: World, wearer: Wearer, day: Day) -> dict[int, dict[str, Any]]:
    """Return the day's ten-minute entries by epoch second; RMSSD on the hour while asleep."""
    entries: dict[int, dict[str, Any]] = {}
    night = finished(world, wearer, day)
    for slot in range(day.slots_until(world.synced(wearer.id))):
        at = day.midnight + slot * SLOT
        entry: dict[str, Any] = {"duration": int(SLOT.total_seconds())}
        if day.rates[slot]:
            entry["heart_rate"] = int(day.rates[slot])
            entry |= {"model": WATCH_MODEL, "deviceid": device_id(wearer, WATCH_MODEL)}
        if day.steps[slot]:
            entry["steps"] = int(day.steps[slot])
        if night and slot % 6 == 0 and night.start < at < night.end - timedelta(hours=1):
            entry["rmssd"] = round(day.rmssd or 0) + (slot // 6 % 3 - 1) * 3
            entry["hrv_quality"] = 1
        entries[epoch(at)] = entry
    return entries


def summaries(world: World, wearer: Wearer, day: Day) -> list[dict[str, Any]]:
    """Return the summary of the night that ended on the day."""
    night = finished(world, wearer, day)
    if night is None:
        return []
    in_bed = round((night.end - night.start).total_seconds())
    asleep = 60 * night.minutes_asleep
    rates = day.rates[:36][day.rates[:36] > 0]
    data = {
        "total_timeinbed": in_bed,
        "total_sleep_time": asleep,
        "asleepduration": asleep,
        "lightsleepduration": 60 * night.minutes("light"),
        "remsleepduration": 60 * night.minutes("rem"),
        "deepsleepduration": 60 * night.minutes("deep"),
        "wakeupduration": 60 * night.minutes("awake"),
        "wakeupcount": sum(stage.stage == "awake" for stage in night.stages) - 1,
        "sleep_efficiency": round(asleep / in_bed, 2),
        "sleep_score": round(100 * asleep / in_bed) - 10,
    }
    if rates.size:
        data |= {"hr_average": round(float(rates.mean()))}
        data |= {"hr_min": int(rates.min()), "hr_max": int(rates.max())}
    return [
        {
            "id": 2_000_000_000 + day.date.toordinal(),
            "timezone": wearer.zone.key,
            "model": 16,
            "model_id": WATCH_MODEL_ID,
            "hash_deviceid": device_id(wearer, WATCH_MODEL),
            "startdate": epoch(night.start),
            "enddate": epoch(night.end),
            "date": day.date.isoformat(),
            "created": epoch(night.end + PROCESSING),
            "modified": epoch(_processed(world, wearer, night)),
            "completed": True,
            "data": data,
        }
    ]


def stages(world: World, wearer: Wearer, day: Day) -> list[dict[str, Any]]:
    """Return the stages of the night that ended on the day."""
    night = finished(world, wearer, day)
    return [
        {
            "startdate": epoch(stage.start),
            "enddate": epoch(stage.end),
            "state": STATES[stage.stage],
            "model": WATCH_MODEL,
            "model_id": WATCH_MODEL_ID,
            "hash_deviceid": device_id(wearer, WATCH_MODEL),
        }
        for stage in (night.stages if night else ())
    ]


def measure_groups(world: World, wearer: Wearer, day: Day) -> list[dict[str, Any]]:
    """Return the day's measure groups: SpO2, weight (one of a guest at times), ECG results."""
    groups = []
    night = finished(world, wearer, day)
    if night and day.oxygen is not None:
        groups.append(_group(world, wearer, night.end, 54, round(day.oxygen * 10), -1))
    weighed = day.midnight + timedelta(hours=6, minutes=45)
    number = day.date.toordinal()
    if number % WEIGH_EVERY_DAYS == 0 and weighed < world.synced(wearer.id):
        grams = round((wearer.weight + 0.6 * (number % 7 - 3) / 3) * 1000)
        groups.append(_group(world, wearer, weighed, 1, grams, -3, SCALE_MODEL))
        if number % 21 == 0:
            guest = _group(
                world, wearer, weighed + timedelta(minutes=2), 1, 61_300, -3, SCALE_MODEL
            )
            groups.append({**guest, "attrib": 1})
    for reading in spot_ecgs(wearer, world.anchor()):
        if day.midnight <= reading.time < min(day.end, world.synced(wearer.id)):
            groups.append(_group(world, wearer, reading.time, 130, 11 if reading.afib else 9, 0))
    return groups


def goal_groups(world: World, wearer: Wearer, day: Day) -> list[dict[str, Any]]:
    """Return the weight goal that the person set on the first day of a month."""
    if day.date.day != 1:
        return []
    goal = _group(
        world, wearer, day.midnight, 1, round((wearer.weight - 4) * 1000), -3, SCALE_MODEL
    )
    return [{**goal, "category": 2, "attrib": 2}]


def _group(
    world: World,
    wearer: Wearer,
    at: datetime,
    kind: int,
    value: int,
    unit: int,
    model: str = WATCH_MODEL,
) -> dict[str, Any]:
    return {
        "grpid": epoch(at) * 10 + kind % 10,
        "attrib": 0,
        "date": epoch(at),
        "created": epoch(at) + 30,
        "modified": epoch(world.arrived(wearer.id, at)) + 30,
        "category": 1,
        "deviceid": device_id(wearer, model),
        "hash_deviceid": device_id(wearer, model),
        "measures": [{"value": value, "type": kind, "unit": unit, "algo": 0, "fm": 3}],
        "modelid": SCALE_MODEL_ID if model == SCALE_MODEL else WATCH_MODEL_ID,
        "model": model,
        "comment": None,
    }
