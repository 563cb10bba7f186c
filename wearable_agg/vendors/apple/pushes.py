"""What companion apps' pushes have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from wearable_agg.vendors.answers import Part
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.findings import Found, Quarantined
from wearable_agg.vendors.units import WrongUnit, converted

Reader = Callable[[Part], Iterator[Found]]


def each(entries: Iterable[Part], reader: Reader) -> Iterator[Found]:
    """Read entries one by one; one that cannot be read is Quarantined."""
    for entry in entries:
        try:
            found = list(reader(entry))
        except Unusable as fault:
            found = [Found(fault.path, Quarantined(fault.reason))]
        yield from found


def listed(document: Part, name: str) -> Iterator[Part]:
    """Yield the entries of an optional list; raises Unusable where it is none."""
    entries = document.find(name)
    yield from entries.items() if entries else ()


def digits(part: Part) -> str:
    """Return a number's digits; raises Unusable."""
    return format(part.number(), "f")


def in_unit(part: Part, vendor_unit: str, unit: str) -> float:
    """Return a number in our unit; raises Unusable."""
    try:
        return converted(part.number(), vendor_unit, unit)
    except WrongUnit as fault:
        raise Unusable(part.path, str(fault)) from None
