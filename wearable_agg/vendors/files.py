"""Reading a file of a vendor's, whatever it is: its kind is told from its content."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from safeguards.strict_json import Malformed
from wearable_agg.vendors.answers import LONGEST_ANSWER
from wearable_agg.vendors.apple import documents as apple
from wearable_agg.vendors.apple.archive import read_archive
from wearable_agg.vendors.findings import Found
from wearable_agg.vendors.google_health import documents as google_health
from wearable_agg.vendors.withings import documents as withings

_ZIP = b"PK\x03\x04"
_CLOUD: dict[str, Callable[[bytes, ZoneInfo], Iterator[Found]]] = {
    "google_health": google_health.documents,
    "withings": withings.documents,
}
VENDORS = (*sorted(_CLOUD), "apple")


def read_file(vendor: str, path: Path, zone: ZoneInfo) -> Iterator[Found]:
    """Read a file of one of VENDORS; `zone` places days that are named by their date only.

    Raises Malformed, Unusable and OSError.
    """
    with path.open("rb") as source:
        if vendor in _CLOUD:
            raw = source.read(LONGEST_ANSWER + 1)
            if len(raw) > LONGEST_ANSWER:
                raise Malformed(f"more than the {LONGEST_ANSWER} bytes allowed")
            yield from _CLOUD[vendor](raw, zone)
        elif source.read(4) == _ZIP:
            yield from read_archive(path, zone)
        else:
            source.seek(0)
            yield from apple.documents(source, zone)
