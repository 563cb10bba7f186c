"""How far an import is: enough to go on in the middle of a document, sealed beside the counts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from safeguards.vault import Vault
from wearable_agg.vendors.apple.export import BEGINNING, Mark
from wearable_agg.vendors.apple.pressures import Half
from wearable_agg.vendors.days import Span


@dataclass(slots=True)
class Tally:
    """What an import came to so far; `refused` counts by reason."""

    new: int = 0
    amended: int = 0
    same: int = 0
    recordings: int = 0
    notices: int = 0
    refused: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Place:
    """Where to go on: a mark in the document, and how many ECG files are dealt with after it."""

    mark: Mark = BEGINNING
    ecgs: int = 0
    tally: Tally = field(default_factory=Tally)


def sealed(vault: Vault, place: Place, bound_to: str) -> bytes:
    """Seal a place for its row."""
    document = {
        "offset": place.mark.offset,
        "counts": dict(place.mark.counts),
        "halves": [_written(half) for half in place.mark.halves],
        "ecgs": place.ecgs,
        "tally": {one.name: getattr(place.tally, one.name) for one in fields(Tally)},
    }
    return vault.seal(json.dumps(document).encode(), bound_to=bound_to)


def unsealed(vault: Vault, raw: bytes, bound_to: str) -> Place:
    """Read a place back; raises safeguards.vault.Unreadable."""
    document = json.loads(vault.unseal(raw, bound_to=bound_to))
    halves = tuple(_half(one) for one in document["halves"])
    tally = document["tally"]
    return Place(
        Mark(document["offset"], document["counts"], halves),
        document["ecgs"],
        Tally(**{**tally, "refused": Counter(tally["refused"])}),
    )


def place_of_import(tenant: str, person_id: int, digest: str) -> str:
    """Where an import's place is sealed for."""
    return f"{tenant}|imports|place|{person_id}:{digest}"


def _written(half: Half) -> dict[str, Any]:
    times = half.times
    span = [times.start.timestamp(), times.end.timestamp(), times.offset_seconds]
    return {**asdict(half), "times": span}


def _half(written: Mapping[str, Any]) -> Half:
    start, end, offset = written["times"]
    span = Span(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC), offset)
    return Half(**{**written, "times": span})
