"""Fuzzes a parser by coverage: python -m tests.wearable_agg.vendors.fuzzing PARSER [OPTION ...]

PARSER is one of PARSERS, an option one of libFuzzer's. It begins with payloads of the tests and,
where they are at hand, with the vendors' own. Whatever a parser raises but its two errors, or what
it reads and cannot be printed, ends the run with the input in the folder of work. Documents of JSON
are changed as such half of the time, otherwise by their bytes.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(
    include=["wearable_agg.vendors", "wearable_agg.measurements.model", "safeguards.strict_json"]
):
    from safeguards.strict_json import Malformed, dumps
    from tests.wearable_agg.vendors.made_payloads import (
        activity,
        ecg_file,
        export,
        found_in,
        group,
        heart_rate,
        pushed,
        record,
        synced,
    )
    from wearable_agg.vendors.errors import Unusable
    from wearable_agg.vendors.lines import line_of

from tests.support.places import shared_data

PARSERS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "google_health": ("google_health", ("*.json",), (heart_rate(), activity())),
    "withings": (
        "withings",
        ("*.json", "*.txt"),
        (
            group((9, 80, 0), (10, 120, 0), (130, 1, 0)),
            "userid=12&appli=4&startdate=1780000000&enddate=1780000100",
        ),
    ),
    "apple_export": ("apple", ("*.xml",), (export(record(), record("BodyMass", unit="kg")),)),
    "apple_ecg": ("apple", ("*.csv",), (ecg_file(),)),
    "apple_push": (
        "apple",
        ("*.json",),
        (
            synced(),
            pushed(("heart_rate", "bpm", {"Avg": 6, "date": "2026-06-17 08:00:00 +0800"})),
        ),
    ),
}
"""By name: the vendor, what its own payloads are called, and payloads of the tests."""

LARGEST_SEED = 30_000
ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 1e308, 10**30, 2**63, -(2**31), "", "-0", "1e30", "NaN", [], {}, [[]]),
    *("9999-12-31T23:59:60Z", "0001-01-01T00:00:00+14:00", "9999-12-31", "99999s", "a\u0000b"),
)
"""What a place is changed into, where it is not another place's value."""


def seeds(parser: str) -> Iterator[bytes]:
    """Yield payloads to begin with."""
    vendor, names, made = PARSERS[parser]
    yield from (one.encode() for one in made)
    folder = shared_data()
    for name in names if folder else ():
        for path in sorted((folder / "vendors" / vendor).glob(name)):
            if path.stat().st_size <= LARGEST_SEED:
                yield path.read_bytes()


def lay_seeds(parser: str, folder: Path) -> None:
    """Write the payloads to begin with into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, raw in enumerate(seeds(parser)):
        (folder / f"seed-{number}").write_bytes(raw)


def reading(vendor: str, raw: bytes) -> None:
    """Read a payload and print what was found."""
    try:
        found = found_in(vendor, raw)
    except (Malformed, Unusable):
        return
    for one in found:
        dumps(line_of(vendor, one))


def mutated(raw: bytes, largest: int, seed: int) -> bytes:
    """Change one place of a document, or some bytes."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    if chance.random() < 0.5:
        try:
            document = json.loads(raw)
        except (ValueError, RecursionError):
            document = None
        if places := _places(document):
            container, key = chance.choice(places)
            other, its_key = chance.choice(places)
            container[key] = chance.choice([*ODD, _copy(other[its_key])])
            changed = json.dumps(document).encode()
            if len(changed) <= largest:
                return changed
    return bytes(atheris.Mutate(raw, largest))


def _copy(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _places(value: Any) -> list[tuple[Any, Any]]:
    """List every container and key inside a value, level by level."""
    found: list[tuple[Any, Any]] = []
    level = [value]
    while level:
        pairs = [
            (one, key)
            for one in level
            if isinstance(one, dict | list)
            for key in (one if isinstance(one, dict) else range(len(one)))
        ]
        found += pairs
        level = [one[key] for one, key in pairs]
    return found


def main() -> None:
    """Run from the command line in the folder of work; libFuzzer exits by itself."""
    parser, *options = sys.argv[1:]
    vendor = PARSERS[parser][0]
    corpus = Path("corpus")
    lay_seeds(parser, corpus)
    atheris.Setup(
        [sys.argv[0], *options, str(corpus)],
        lambda raw: reading(vendor, raw),
        custom_mutator=mutated,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
