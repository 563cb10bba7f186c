"""`wristchart parse` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import main

GOOD = '{"dataPoints":[{"heartRate":{"beatsPerMinute":"76","sampleTime":{"physicalTime":"%s"}}}]}'


def run(folder: Path, *contents: str, vendor: str = "google_health", zone: str = "UTC") -> Result:
    files = []
    for number, text in enumerate(contents):
        files.append(folder / f"{number}.json")
        files[-1].write_text(text, encoding="utf-8")
    arguments = ["parse", vendor, *map(str, files), "--timezone", zone]
    return CliRunner().invoke(main, arguments)


def test_one_line_for_each_item(tmp_path: Path) -> None:
    result = run(tmp_path, GOOD % "2026-06-22T08:00:00Z", GOOD % "2026-06-22T09:00:00+14:00")
    assert result.exit_code == 0
    first, second = map(json.loads, result.stdout.splitlines())
    assert first["kind"] == "measurement"
    assert (first["type"], first["value"], first["unit"]) == ("heart_rate", 76, "/min")
    assert second["start"] == "2026-06-21T19:00:00Z"


def test_a_problem_says_where_and_why_and_other_files_are_still_read(tmp_path: Path) -> None:
    result = run(tmp_path, GOOD % "noon", GOOD % "2026-06-22T08:00:00Z")
    assert result.exit_code == 2
    where = "$.dataPoints[0].heartRate.sampleTime.physicalTime"
    assert f"0.json: {where}: not a time" in result.stderr
    assert len(result.stdout.splitlines()) == 1


def test_what_cannot_be_true_is_printed_as_quarantined(tmp_path: Path) -> None:
    result = run(tmp_path, GOOD % "2099-06-22T08:00:00Z")
    [line] = map(json.loads, result.stdout.splitlines())
    assert (line["kind"], line["reason"]) == ("quarantined", "in the future")
    assert line["record"]["value"] == 76
    assert "in the future" in result.stderr
    assert result.exit_code == 0


def test_a_row_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    result = run(
        tmp_path, '<HealthData><ActivitySummary dateComponents="x"/></HealthData>', vendor="apple"
    )
    assert result.exit_code == 2
    assert "/HealthData/ActivitySummary[1]/@dateComponents: not a date" in result.stderr


def test_the_zone_places_days(tmp_path: Path) -> None:
    day = '{"civilStartTime":{"date":{"year":2026,"month":6,"day":22}},"steps":{"countSum":"8"}}'
    result = run(tmp_path, '{"rollupDataPoints":[%s]}' % day, zone="Europe/Oslo")  # noqa: UP031
    [line] = map(json.loads, result.stdout.splitlines())
    assert line["start"] == "2026-06-21T22:00:00Z"


@pytest.mark.parametrize(("vendor", "zone"), [("garmin", "UTC"), ("withings", "Mars/Olympus")])
def test_a_vendor_or_zone_that_is_not_known(tmp_path: Path, vendor: str, zone: str) -> None:
    assert run(tmp_path, "{}", vendor=vendor, zone=zone).exit_code == 2
