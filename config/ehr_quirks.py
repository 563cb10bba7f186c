"""What EHRs do otherwise than they say, as data with its source (`config/ehr_quirks.toml`)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Quirk:
    """One EHR product and what is known of it; None: as its CapabilityStatement says."""

    name: str
    software: tuple[str, ...]
    source: str
    includes_medications: bool | None = None


@cache
def quirks() -> tuple[Quirk, ...]:
    """All known EHR products with quirks."""
    text = resources.files(__package__).joinpath("ehr_quirks.toml").read_text("utf-8")
    entries = tomllib.loads(text)["ehr"]
    return tuple(Quirk(**{**entry, "software": tuple(entry["software"])}) for entry in entries)


def quirk_of(software: str) -> Quirk | None:
    """The quirk of an EHR that calls itself `software`."""
    return next((each for each in quirks() if software.startswith(each.software)), None)
