"""Payloads that vendors and their clients published, read as they are."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import pytest

from config.settings import VendorApp
from wearable_agg.measurements.model import Measurement
from wearable_agg.measurements.types import SLEEP_STAGES
from wearable_agg.vendors.answers import read
from wearable_agg.vendors.google_health.notifications import read_entry
from wearable_agg.vendors.registry import VENDORS

pytestmark = pytest.mark.external

APP = VendorApp("google_health", "id", "secret", "", "", "", "", "", "webhook-secret")


def sample(payloads: Path, vendor: str, kind: str, name: str) -> list[Measurement]:
    raw = (payloads / vendor / name).read_bytes()
    return VENDORS[vendor].parse(kind, raw, ZoneInfo("Europe/Oslo"))


@pytest.mark.parametrize(
    ("kind", "name", "values"),
    [
        ("steps", "steps-daily-rollup-2.json", {"steps": 8000.0}),
        ("heart-rate", "heart-rate-1.json", {"heart_rate": 76.0}),
        ("sleep", "sleep-1.json", {"sleep_light": 60.0, "sleep_asleep": 60.0, "sleep_stage": 60.0}),
    ],
)
def test_google_sample(payloads: Path, kind: str, name: str, values: dict[str, float]) -> None:
    found = sample(payloads, "google_health", kind, name)
    assert {one.type: one.value for one in found} == values


def test_google_notification(payloads: Path) -> None:
    raw = (payloads / "google_health" / "webhook-notification-1.json").read_bytes()
    (one,) = read_entry(read(raw).member("data"))
    assert one.kinds == ("steps",)
    assert one.window is not None


def test_google_verification(payloads: Path) -> None:
    raw = (payloads / "google_health" / "webhook-verification.json").read_bytes()
    assert VENDORS["google_health"].handshake(APP, {}, raw) == 401


def test_withings_activity_of_another_brand(payloads: Path) -> None:
    found = sample(payloads, "withings", "activity", "getactivity-1.json")
    steps = [(one.value, one.method) for one in found if one.type == "steps"]
    assert steps == [(1209.0, "unknown"), (1155.0, "unknown")]


def test_withings_nights(payloads: Path) -> None:
    found = sample(payloads, "withings", "sleep", "sleep-getsummary-1.json")
    first = {one.type: one.value for one in found if one.end == found[0].end}
    stages = {stage: first[f"sleep_{stage}"] for stage in SLEEP_STAGES}
    assert stages == {"deep": 97.0, "light": 174.0, "rem": 40.0, "awake": 51.0, "asleep": 311.0}


def test_withings_callback(payloads: Path) -> None:
    raw = (payloads / "withings" / "notify-callback-1.txt").read_bytes().strip()
    [told] = VENDORS["withings"].notifications({}, raw, b"")
    assert (told.vendor_user_id, told.action) == ("12345678", "changed")
    assert told.kinds == ("heart", "measures")  # category 54: an ECG was taken
    said = parse_qs(raw.decode())
    assert told.window.start.timestamp() <= int(said["startdate"][0])
    assert told.window.end.timestamp() >= int(said["enddate"][0])
