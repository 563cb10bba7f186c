"""The numbers beside a decision of the rhythm analysis, in a reader's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from config.clinical import load

_FORMS = {
    "percent": lambda value: f"{100 * value:.0f} %",
    "one decimal": lambda value: _signed(f"{value:.1f}"),
    "two decimals": lambda value: _signed(f"{value:.2f}"),
}


@dataclass(frozen=True, slots=True)
class Measure:
    """One number as shown: "RR alike", "12 %", and what it is."""

    name: str
    label: str
    text: str
    means: str


def measures(evidence: Mapping[str, float]) -> list[Measure]:
    """Return the numbers in the order of config/clinical/explaining.toml; others are left out."""
    known = load("explaining")["measure"]
    return [
        Measure(name, entry["label"], _FORMS[entry["form"]](evidence[name]), entry["means"])
        for name, entry in known.items()
        if name in evidence
    ]


def probability_text(probability: float) -> str:
    """Return a probability in per cent, never rounded to certainty."""
    if probability > 0.99:
        return "over 99 %"
    return "under 1 %" if probability < 0.01 else f"{100 * probability:.0f} %"


def _signed(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")
