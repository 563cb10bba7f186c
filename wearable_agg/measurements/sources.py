"""Which source a value is of: the vendor, or one device of it where several tell the same thing."""

from __future__ import annotations

import re
from functools import lru_cache

from config.clinical import load

LONGEST = 40
_WORDS = re.compile(r"[^a-z0-9]+")


@lru_cache(maxsize=4096)
def source_of(vendor: str, device: str) -> str:
    """Return the source of a vendor's device: "withings", "apple/watch", "apple/heart-app".

    Which vendors are told apart by device is in config/clinical/sources.toml.
    """
    kinds = load("sources")["devices"].get(vendor)
    if kinds is None:
        return vendor
    name = device.lower()
    for kind, words in kinds.items():
        if any(word in name for word in words):
            return f"{vendor}/{kind}"
    return f"{vendor}/{_WORDS.sub('-', name).strip('-')[:LONGEST] or 'unnamed'}"


def vendor_of(source: str) -> str:
    """Return the vendor of a source."""
    return source.partition("/")[0]
