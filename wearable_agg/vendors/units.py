"""Vendors' units into ours (UCUM), exactly: the arithmetic is done in fractions."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

Factors = Mapping[str, Fraction | int]

_PER_KILOCALORIE = Fraction(4184, 1000)
_MILLIMETRE_OF_MERCURY_IN_KILOPASCAL = Fraction("0.133322387415")
_GLUCOSE_MILLIGRAMS_PER_MILLIMOLE = Fraction("180.1558800000541") / 10
"""Per litre and per decilitre; the molar mass is the one HealthKit writes into the unit."""

_MINUTES: Factors = {"min": 1, "s": Fraction(1, 60), "h": 60, "hr": 60}
_KILOGRAMS: Factors = {
    "kg": 1,
    "g": Fraction(1, 1000),
    "lb": Fraction("0.45359237"),
    "st": Fraction("6.35029318"),
    "oz": Fraction("0.028349523125"),
}
_METRES: Factors = {
    "m": 1,
    "km": 1000,
    "cm": Fraction(1, 100),
    "mm": Fraction(1, 1000),
    "mi": Fraction("1609.344"),
    "yd": Fraction("0.9144"),
    "ft": Fraction("0.3048"),
    "in": Fraction("0.0254"),
}
_PER_MINUTE: Factors = {"count/min": 1, "bpm": 1, "/min": 1, "breaths/min": 1, "count/s": 60}
_VO2 = ("mL/min·kg", "ml/(kg·min)", "mL/kg·min", "mL/(kg·min)", "ml/kg/min", "mL/min/kg")
_COUNTS: Factors = {"count": 1, "steps": 1, "": 1}

FACTORS: Mapping[str, Factors] = {
    "{steps}": _COUNTS,
    "{flights}": {**_COUNTS, "flights": 1, "floors": 1},
    "{count}": _COUNTS,
    "m": _METRES,
    "cm": {unit: Fraction(factor) * 100 for unit, factor in _METRES.items()},
    "kg": _KILOGRAMS,
    "kcal": {
        "kcal": 1,
        "Cal": 1,
        "cal": Fraction(1, 1000),
        "kJ": 1 / _PER_KILOCALORIE,
        "J": 1 / _PER_KILOCALORIE / 1000,
    },
    "/min": _PER_MINUTE,
    "ms": {"ms": 1, "s": 1000},
    "s": {"s": 1, "min": 60, "h": 3600, "hr": 3600, "ms": Fraction(1, 1000)},
    "min": _MINUTES,
    "h": {unit: Fraction(factor) / 60 for unit, factor in _MINUTES.items()},
    "%": {"%": 1, "percent": 1},
    "kg/m2": {"count": 1, "kg/m2": 1, "kg/m²": 1, "": 1},
    "mm[Hg]": {
        "mmHg": 1,
        "mm[Hg]": 1,
        "kPa": 1 / _MILLIMETRE_OF_MERCURY_IN_KILOPASCAL,
    },
    "mg/dL": {
        "mg/dL": 1,
        "mg/dl": 1,
        "mmol<180.1558800000541>/L": _GLUCOSE_MILLIGRAMS_PER_MILLIMOLE,
        "mmol/L": _GLUCOSE_MILLIGRAMS_PER_MILLIMOLE,
    },
    "mL/min/kg": dict.fromkeys(_VO2, 1),
    "kcal/kg/h": {"kcal/kg/hr": 1, "kcal/hr·kg": 1, "kcal/kg/h": 1},
}
"""By our unit: what a vendor's unit is multiplied with."""

_ZERO_FAHRENHEIT = Fraction(32)
_ZERO_KELVIN = Fraction("273.15")


class WrongUnit(ValueError):
    """A unit that the quantity cannot be in."""


def converted(value: Decimal, vendor_unit: str, unit: str) -> float:
    """Return `value` in our unit; raises WrongUnit."""
    exact = Fraction(value)
    if unit == "Cel":
        return float(_celsius(exact, vendor_unit))
    factor = FACTORS.get(unit, {}).get(vendor_unit)
    if factor is None:
        raise WrongUnit(f"{vendor_unit or 'no unit'} where {unit} is meant")
    return float(exact * factor)


def _celsius(value: Fraction, vendor_unit: str) -> Fraction:
    if vendor_unit in ("degC", "°C", "Cel", "celsius"):
        return value
    if vendor_unit in ("degF", "°F"):
        return (value - _ZERO_FAHRENHEIT) * 5 / 9
    if vendor_unit == "K":
        return value - _ZERO_KELVIN
    raise WrongUnit(f"{vendor_unit or 'no unit'} where Cel is meant")
