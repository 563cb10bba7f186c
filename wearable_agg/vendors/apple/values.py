"""Numbers of Apple's, into our units."""

from __future__ import annotations

import re
from decimal import Decimal

from wearable_agg.vendors.apple.quantities import Quantity
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.units import FACTORS, WrongUnit, converted

_NUMBER = re.compile(r"[+-]?\d{1,25}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,2})?")
_PERCENT = 100


def number(text: str, path: str) -> Decimal:
    """Read a decimal number, also one with a decimal comma; raises Unusable."""
    plain = text.replace(",", ".") if "," in text else text
    if not _NUMBER.fullmatch(plain):
        raise Unusable(path, "not a number")
    return Decimal(plain)


def value_of(text: str, unit: str, known: Quantity, path: str, *, fraction: bool = True) -> float:
    """Return a value in our unit; raises Unusable.

    `fraction` says that "%" is meant as HealthKit means it, as a share of one.
    """
    if not known.fraction and FACTORS.get(known.unit, {}).get(unit) == 1:
        if not _NUMBER.fullmatch(text):
            raise Unusable(path, "not a number")
        return float(text)
    exact = number(text, path)
    if known.fraction and fraction:
        exact *= _PERCENT
    try:
        return converted(exact, unit, known.unit)
    except WrongUnit as fault:
        raise Unusable(path, str(fault)) from None
