"""Makes exports of the Health app of any size: the mix of rows that a watch and a phone leave."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

_WATCH = (
    'sourceName="Ada’s Apple Watch" sourceVersion="10.3.1" device="&lt;&lt;HKDevice: '
    "0x302f1c0f0&gt;, name:Apple Watch, manufacturer:Apple Inc., model:Watch, "
    'hardware:Watch6,1, software:10.3.1&gt;"'
)
_PHONE = (
    'sourceName="Ada’s iPhone" sourceVersion="17.3.1" device="&lt;&lt;HKDevice: 0x302f1c2d0&gt;, '
    'name:iPhone, manufacturer:Apple Inc., model:iPhone, hardware:iPhone14,5, software:17.3.1&gt;"'
)
_MOTION = '>\n  <MetadataEntry key="HKMetadataKeyHeartRateMotionContext" value="1"/>\n </Record>\n'
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE HealthData [\n<!ELEMENT HealthData (Me)>\n'
    ']>\n<HealthData locale="en_NO">\n <ExportDate value="2026-03-01 08:00:00 +0100"/>\n'
)
_BEGIN = datetime(2016, 1, 1)

Value = Callable[[random.Random], str]
_ROWS: tuple[tuple[float, str, str, str, int, int, str, Value], ...] = (
    (0.36, "HeartRate", _WATCH, "count/min", 280, 0, _MOTION, lambda of: str(of.randint(48, 160))),
    (0.2, "ActiveEnergyBurned", _WATCH, "kcal", 150, 60, "/>\n", lambda of: f"{of.random():.3f}"),
    (0.1, "BasalEnergyBurned", _WATCH, "kcal", 400, 90, "/>\n", lambda of: f"{of.random():.3f}"),
    (0.1, "StepCount", _WATCH, "count", 500, 300, "/>\n", lambda of: str(of.randint(1, 600))),
    (0.06, "StepCount", _PHONE, "count", 800, 400, "/>\n", lambda of: str(of.randint(1, 600))),
    (
        0.12,
        "DistanceWalkingRunning",
        _WATCH,
        "km",
        420,
        200,
        "/>\n",
        lambda of: f"{of.random():.6f}",
    ),
    (0.03, "OxygenSaturation", _WATCH, "%", 1800, 15, "/>\n", lambda of: f"0.{of.randint(90, 99)}"),
    (
        0.02,
        "HeartRateVariabilitySDNN",
        _WATCH,
        "ms",
        3600,
        60,
        "/>\n",
        lambda of: f"{of.uniform(12, 110):.4f}",
    ),
    (0.01, "RespiratoryRate", _WATCH, "count/min", 1200, 60, "/>\n", lambda of: "14.5"),
)
"""Share of the bytes, type, source, unit, seconds between rows and of each, its end, its value."""


def document(megabytes: float) -> Iterator[bytes]:
    """Yield an export of about this size (millions of bytes), type by type as the app does."""
    of = random.Random(20260301)  # noqa: S311  # made-up data, the same each time
    yield _HEAD.encode()
    for share, kind, source, unit, every, length, rest, value in _ROWS:
        wanted, at = share * megabytes * 1e6, _BEGIN
        head = (
            f' <Record type="HKQuantityTypeIdentifier{kind}" {source} unit="{unit}" creationDate='
        )
        while wanted > 0:
            rows = []
            for _ in range(1000):
                at += timedelta(seconds=every + of.randint(-every // 4, every // 4))
                end = at + timedelta(seconds=length)
                rows.append(
                    f'{head}"{end} +0100" startDate="{at} +0100" endDate="{end} +0100" '
                    f'value="{value(of)}"{rest}'
                )
            piece = "".join(rows).encode()
            wanted -= len(piece)
            yield piece
    yield b"</HealthData>\n"


def write_export(path: Path, megabytes: float) -> int:
    """Write an export.zip; returns how many bytes its XML has."""
    size = 0
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("apple_health_export/export.xml", "w", force_zip64=True) as entry,
    ):
        for piece in document(megabytes):
            entry.write(piece)
            size += len(piece)
    return size
