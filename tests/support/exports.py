"""Exports of the Health app for tests, and a store they are imported into."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

from tests.support.backend import ISSUER, PATIENT, World
from tests.wearable_agg.vendors.made_payloads import record
from wearable_agg.intake.day_totals import DayTotals
from wearable_agg.intake.import_place import Tally
from wearable_agg.intake.imports import Importer
from wearable_agg.measurements.types import FURTHER_TOPICS, TOPICS
from wearable_agg.people import consents
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import writing

WATCH = "&lt;&lt;HKDevice: 0x1&gt;, name:Apple Watch, manufacturer:Apple, hardware:Watch6,1&gt;"
PHONE = "&lt;&lt;HKDevice: 0x2&gt;, name:iPhone, manufacturer:Apple, hardware:iPhone14,5&gt;"
STATE = (
    'SELECT type, statistic, source, span, start, "end", value, version, told_at '
    "FROM measurements JOIN series ON series.id = series_id ORDER BY 1, 2, 3, 4, 5, 6",
    "SELECT type, source, level, start, n, round(sum, 6), min, max, coverage "
    "FROM rollups JOIN series ON series.id = series_id ORDER BY 1, 2, 3, 4",
    "SELECT source, second, start, verdict, version FROM ecg_recordings ORDER BY 1, 2",
    "SELECT source, kind, start, said, version FROM rhythm_notices ORDER BY 1, 2, 3",
)


def packed(path: Path, entries: Mapping[str, str]) -> Path:
    """Write a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in entries.items():
            archive.writestr(name, text)
    return path


def sharing_person(world: World, *without: str) -> int:
    """A person who shares every topic but those named."""
    with writing(world.engine) as connection:
        person = person_for(connection, "sandbox", ISSUER, PATIENT, True, "Europe/Oslo")
        topics = [one for one in (*TOPICS, *FURTHER_TOPICS) if one not in without]
        consents.record(connection, "sandbox", person, topics, "I agree")
    return int(person or 0)


def importer(world: World, person: int) -> Importer:
    """What imports for a person."""
    totals = DayTotals({"sandbox": 14})
    return Importer(world.engine, world.vault, totals, "sandbox", person)


def imported(world: World, person: int, path: Path) -> Tally:
    """Import a file."""
    return importer(world, person).run(path, lambda done, whole: None)


def state(world: World) -> list[list[tuple[object, ...]]]:
    """Everything that importing leaves, but for when it did."""
    return [world.rows(query) for query in STATE]


def beats(count: int, first: int = 0) -> list[str]:
    """Rows of heart rate, one every ten seconds of some hours."""
    rows = []
    for number in range(first, first + count):
        second, minute, hour = number * 10 % 60, number * 10 // 60 % 60, number * 10 // 3600
        at = f"2026-03-15 {hour:02}:{minute:02}:{second:02} +0100"
        rows.append(
            record(
                value=str(60 + number % 50),
                startDate=at,
                endDate=at,
                creationDate=at,
                device=WATCH,
            )
        )
    return rows


def site(folder: Path) -> Path:
    """Write the settings of the site in a folder."""
    listeners = "".join(
        f'[{name}]\nhost = "127.0.0.1"\nport = 1\nurl = "http://127.0.0.1:1"\n'
        for name in ("web", "api", "gateway")
    )
    config = folder / "wristchart.toml"
    config.write_text(
        f'data = "."\n{listeners}[[tenant]]\nid = "sandbox"\nname = "S"\n'
        'issuer = "http://localhost:8400/fhir"\ntimezone = "Europe/Oslo"\nclient_id = "app"\n'
        'scopes = []\nframe_ancestors = []\nbackend_client_id = "d"\nbackend_scopes = []\n',
        "utf-8",
    )
    return config
