"""Vendors' own verdicts in one vocabulary."""

from __future__ import annotations

from config.clinical import load

UNKNOWN = "unknown"
_WITHOUT_CASE = ("apple", "kardia")


def verdict(table: str, word: str | int) -> str:
    """Return what a vendor's word means (config/clinical/verdicts.toml); "unknown" if not listed.

    Apple's words differ between its interfaces only in spaces and case, Kardia's in case.
    """
    key = str(word)
    if table in _WITHOUT_CASE:
        key = "".join(key.split()).casefold()
    meaning: str = load("verdicts")[table].get(key, UNKNOWN)
    return meaning
