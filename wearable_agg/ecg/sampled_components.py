"""An ECG strip as FHIR SampledData, in components of 10 s. Imported by roles without numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from config.clinical import load

SECONDS = 10
"""Length of a component; the last one is what is left."""

LEAD_IN_WORDS = "ECG lead "
"""What stands before the lead's name in a component's text."""


def components(
    counts: Sequence[int], rate: float, microvolts_per_count: float, lead: str, lead_code: str
) -> list[dict[str, Any]]:
    """Write a strip as Observation.component of SampledData, 10 s each, in order of time.

    `lead_code` is the lead's MDC code.
    """
    systems = load("findings")["systems"]
    coding = {"system": systems["mdc"], "code": lead_code, "display": reference_id(lead_code)}
    length = round(SECONDS * rate)
    return [
        {
            "code": {"coding": [coding], "text": f"{LEAD_IN_WORDS}{lead}"},
            "valueSampledData": {
                "origin": {"value": 0, "unit": "uV", "system": systems["ucum"], "code": "uV"},
                "period": round(1000 / rate, 9),
                "factor": microvolts_per_count,
                "dimensions": 1,
                "data": " ".join(map(str, counts[first : first + length])),
            },
        }
        for first in range(0, len(counts), length)
    ]


def reference_id(lead_code: str) -> str:
    """Return the reference id of a lead's code (ISO/IEEE 11073-10101)."""
    lead = lead_named(lead_code)
    return f"MDC_ECG_ELEC_POTL_{lead.upper()}" if lead else "MDC_ECG_ELEC_POTL"


def lead_named(lead_code: str) -> str:
    """Return the lead that an MDC code names, empty for an unspecified one."""
    codes = load("leads")["codes"]
    return next((name for name, known in codes.items() if known == lead_code), "")


def unspecified_lead() -> str:
    """Return the MDC code for a lead that is not told."""
    return str(load("leads")["unspecified"])
