"""Vendors' own verdicts in one vocabulary."""

from __future__ import annotations

from config.clinical import load

UNKNOWN = "unknown"


def verdict(table: str, word: str | int) -> str:
    """Return what a vendor's word means (config/clinical/verdicts.toml); "unknown" if not listed.

    Apple's words differ between its interfaces only in spaces and case.
    """
    key = str(word)
    if table == "apple":
        key = "".join(key.split()).casefold()
    meaning: str = load("verdicts")[table].get(key, UNKNOWN)
    return meaning
