"""A dose in words and as an amount a day that can be compared."""

from collections.abc import Sequence

from clinical.medications.model import Order

_TIMES_A_DAY = {1.0: "", 2.0: "BID", 3.0: "TID", 4.0: "QID"}
_LONGEST_TEXT = 28


def dose_label(order: Order) -> str:
    """The dose as drawn on a bar: "5 mg BID", "25 mg", the written text, or "dose not stated"."""
    if order.amount is None:
        return _shortened(order.dosage) or "dose not stated"
    parts = (f"{order.amount:g} {order.unit}".strip(), _frequency(order.per_day))
    return " ".join(part for part in (*parts, "PRN" if order.as_needed else "") if part)


def combined_label(orders: Sequence[Order]) -> str:
    """The label of doses taken side by side: "50 mg + 25 mg"."""
    return " + ".join(dict.fromkeys(dose_label(order) for order in orders))


def daily_amount(orders: Sequence[Order]) -> tuple[float, str] | None:
    """The sum a day and its unit; None where a dose is unknown, as needed, or of another unit."""
    if any(order.amount is None or order.as_needed for order in orders):
        return None
    units = {order.unit for order in orders}
    if len(units) != 1:
        return None
    total = sum((order.amount or 0.0) * (order.per_day or 1.0) for order in orders)
    return (total, units.pop()) if total > 0 else None


def relative(amounts: Sequence[tuple[float, str] | None]) -> list[float]:
    """Each amount as a share of the highest; all 1.0 where they are not comparable."""
    known = [amount for amount in amounts if amount]
    if len(known) != len(amounts) or len({unit for _, unit in known}) != 1:
        return [1.0] * len(amounts)
    highest = max(value for value, _ in known)
    return [value / highest for value, _ in known]


def _frequency(per_day: float | None) -> str:
    if per_day is None:
        return ""
    if per_day in _TIMES_A_DAY:
        return _TIMES_A_DAY[per_day]
    if per_day < 1:
        return f"every {1 / per_day:.3g} days"
    return f"{per_day:g}×/day"


def _shortened(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _LONGEST_TEXT else plain[: _LONGEST_TEXT - 1].rstrip() + "…"
