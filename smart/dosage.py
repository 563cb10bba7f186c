"""What a FHIR Dosage says: the words, the amount, and how often a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from config.clinical import load
from smart.lenient import mapping, mappings, number, text


class Dose(NamedTuple):
    """One dose (`amount` in `unit`), taken `per_day` times; unknown facts are None or ""."""

    words: str = ""
    amount: float | None = None
    unit: str = ""
    per_day: float | None = None
    as_needed: bool = False


def dose_of(instructions: Sequence[Mapping[str, Any]]) -> Dose:
    """Put all instructions of an order together.

    Several at once (one in the morning, two at night) become the daily total, taken once a day;
    where they follow each other (sequence) or cannot be added, only the words remain.
    """
    doses = [_dose(instruction) for instruction in instructions]
    if len(doses) <= 1:
        return doses[0] if doses else Dose()
    words = "; ".join(dose.words for dose in doses if dose.words)
    as_needed = any(dose.as_needed for dose in doses)
    total = None if _in_sequence(instructions) else _daily_total(doses)
    if total is None:
        return Dose(words, as_needed=as_needed)
    return Dose(words, total, doses[0].unit, 1.0, as_needed)


def _dose(instruction: Mapping[str, Any]) -> Dose:
    quantity = mapping(_first(instruction.get("doseAndRate")).get("doseQuantity"))
    return Dose(
        words=text(instruction.get("text")) or text(instruction.get("patientInstruction")),
        amount=number(quantity.get("value")),
        unit=text(quantity.get("unit")) or text(quantity.get("code")),
        per_day=_per_day(mapping(instruction.get("timing"))),
        as_needed=bool(
            instruction.get("asNeededBoolean") or instruction.get("asNeededCodeableConcept")
        ),
    )


def _first(value: object) -> dict[str, Any]:
    return mapping(value[0]) if isinstance(value, list) and value else {}


def _in_sequence(instructions: Sequence[Mapping[str, Any]]) -> bool:
    return len({str(instruction.get("sequence")) for instruction in instructions}) > 1


def _daily_total(doses: Sequence[Dose]) -> float | None:
    amounts = [
        dose.amount * dose.per_day
        for dose in doses
        if dose.amount is not None and dose.per_day is not None
    ]
    if len(amounts) < len(doses) or len({dose.unit for dose in doses}) > 1:
        return None
    return sum(amounts)


def _per_day(timing: Mapping[str, Any]) -> float | None:
    """Times a day, from the rule where there is one, otherwise from the timing code."""
    by_rule = _by_rule(mapping(timing.get("repeat")))
    return by_rule if by_rule is not None else _by_code(mapping(timing.get("code")))


def _by_rule(repeat: Mapping[str, Any]) -> float | None:
    period = number(repeat.get("period"))
    days = load("dose_timing")["days_in"].get(text(repeat.get("periodUnit")))
    if period is None or days is None:
        return None
    frequency = number(repeat.get("frequency", 1))
    return frequency / (period * days) if frequency is not None else None


def _by_code(concept: Mapping[str, Any]) -> float | None:
    known = load("dose_timing")["times_a_day"]
    codes = [text(coding.get("code")) for coding in mappings(concept.get("coding"))]
    return next((known[code] for code in codes if code in known), None)
