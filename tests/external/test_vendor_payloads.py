"""Vendors' own payloads give the values that a person reads off them.

The expectations were written by hand, each beside its place in the payload. A place is followed
here without any parser of ours, to show that the value does stand there.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from app.parsing import parse
from tests.support.places import shared_data

pytestmark = pytest.mark.external

EXPECTED = Path(__file__).parent / "expected"
VENDORS = ("apple", "google_health", "withings")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")


def payloads() -> list[tuple[str, str]]:
    folder = shared_data()
    if folder is None:
        return []
    return [
        (vendor, file.name)
        for vendor in VENDORS
        for file in sorted((folder / "vendors" / vendor).iterdir())
    ]


@pytest.fixture(scope="module")
def vendors(records: Path) -> Path:
    """The folder of payloads."""
    return records.parent / "vendors"


def expected(vendor: str, name: str) -> dict[str, Any]:
    path = EXPECTED / vendor / (name if name.endswith(".json") else f"{name}.json")
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return document


def followed(value: Any, path: str) -> Any:
    """Follow a path of members, indices and "length" into plain JSON."""
    for name, index in _STEP.findall(path):
        if index:
            value = value[int(index)]
        elif name == "length" and isinstance(value, list | str):
            value = len(value)
        else:
            value = value[name]
    return value


def standing_at(file: Path, place: str) -> Any:
    """Return what stands at a place of a raw payload."""
    text = file.read_text("utf-8")
    if file.suffix == ".json":
        return followed(json.loads(text), place.removeprefix("$"))
    if file.suffix == ".csv":
        return text.splitlines()[int(place.removeprefix("line ")) - 1]
    if file.suffix == ".txt":
        [value] = parse_qs(text.strip())[place]
        return value
    element, attribute = place.removeprefix("/HealthData/").split("/@")
    found = ElementTree.fromstring(text).find(element)  # noqa: S314 - our own sample
    assert found is not None, place
    return found.get(attribute)


def printed(file: Path, vendor: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(parse, [vendor, str(file)])
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def of_line(lines: list[dict[str, Any]], wanted: dict[str, Any]) -> dict[str, Any]:
    [line] = [one for one in lines if all(one.get(key) == wanted[key] for key in wanted)]
    return line


@pytest.mark.parametrize(("vendor", "name"), payloads())
def test_what_a_person_reads_is_what_is_printed(vendors: Path, vendor: str, name: str) -> None:
    file, hand_written = vendors / vendor / name, expected(vendor, name)
    lines = printed(file, vendor)
    for row in hand_written["values"]:
        assert standing_at(file, row["raw"]) == row["stands"], row
        line = of_line(lines, row["line"])
        found = followed(line, f".{row['member']}")
        close = pytest.approx(row["is"], rel=1e-7) if _is_number(row["is"]) else row["is"]
        assert found == close, row
        assert "unit" not in row or line["unit"] == row["unit"], row


@pytest.mark.parametrize(("vendor", "name"), payloads())
def test_nothing_more_and_nothing_less_is_printed(vendors: Path, vendor: str, name: str) -> None:
    lines = printed(vendors / vendor / name, vendor)
    told = Counter(label for one in lines for label in {one["kind"], one.get("type")})
    count = expected(vendor, name)["count"]
    assert {key: told[key] for key in count} == count


def test_no_secret_is_printed(vendors: Path) -> None:
    file = vendors / "withings" / "oauth2-token-1.json"
    body = json.loads(file.read_text("utf-8"))["body"]
    text = json.dumps(printed(file, "withings"))
    assert not any(body[name] in text for name in ("access_token", "refresh_token", "csrf_token"))


def test_no_personal_line_of_an_ecg_file_is_printed(vendors: Path) -> None:
    text = json.dumps(printed(vendors / "apple" / "ecg-1.csv", "apple"))
    assert "Test Person" not in text
    assert "1990" not in text


def test_every_payload_has_its_expectation() -> None:
    written = {(file.parent.name, file.name) for file in EXPECTED.glob("*/*.json")}
    names = {
        (vendor, name if name.endswith(".json") else f"{name}.json") for vendor, name in payloads()
    }
    assert written == names or not names


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
