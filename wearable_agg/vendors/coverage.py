"""The page of what each vendor can tell us, made from the parsers' own tables.

`python -m wearable_agg.vendors.coverage` writes docs/vendors.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from wearable_agg.measurements.types import FURTHER_TOPICS, SLEEP_STAGES, TOPICS, TYPES
from wearable_agg.vendors.apple.quantities import CAPABILITIES as APPLE
from wearable_agg.vendors.apple.reader import LARGEST_PUSH
from wearable_agg.vendors.capability import Capability
from wearable_agg.vendors.google_health.kinds import KINDS
from wearable_agg.vendors.google_health.quantities import CAPABILITIES as GOOGLE_HEALTH
from wearable_agg.vendors.limits import LIMITS, SHARE, pushes_a_minute
from wearable_agg.vendors.withings.quantities import CAPABILITIES as WITHINGS

COVERAGE: Mapping[str, tuple[Capability, ...]] = {
    "Google Health": GOOGLE_HEALTH,
    "Withings": WITHINGS,
    "Apple Health": APPLE,
}
DAILY: Mapping[str, frozenset[str]] = {
    "heart_rate": frozenset({"heart_rate"}),
    "resting_heart_rate": frozenset({"resting_heart_rate"}),
    "hrv": frozenset({"hrv"}),
    "oxygen_saturation": frozenset({"oxygen_saturation"}),
    "sleep": frozenset({f"sleep_{stage}" for stage in SLEEP_STAGES}),
    "steps": frozenset({"steps"}),
}
"""What a local day shows, and the types that it is made of."""

PAGE = Path("docs/vendors.md")

_INTRODUCTION = """\
# What each vendor can tell

Made by `python -m wearable_agg.vendors.coverage` from the tables that the parsers work by: what
stands here is read, what does not is passed over. Units are UCUM.

How data arrives: **webhook** - the vendor tells us that something changed and we fetch it; **poll**
- only asking finds out; **file** - a file the person exports; **push** - a companion app sends it.
"Fetched" marks what is fetched from linked accounts today; the rest is read wherever it comes
(`wristchart parse`).

What is read and not believed - a value beyond what can be measured, a time in the future - is set
apart with the reason and never analysed (`config/clinical/plausible_values.toml`). A vendor's
verdict on an ECG is a screening result; its own word is kept beside ours
(`config/clinical/verdicts.toml`).
"""


def never_told(vendor_name: str) -> list[str]:
    """Return what of a local day this vendor can never tell; nothing of one that is not known."""
    if vendor_name not in COVERAGE:
        return []
    told = {capability.type for capability in COVERAGE[vendor_name]}
    return sorted(name for name, types in DAILY.items() if not types & told)


def _allowed(vendor: str) -> str:
    limits = LIMITS[vendor]
    return (
        f"Allowed are {limits.application:,} requests a minute altogether and {limits.user:,} for "
        f"one user (`rate_scale` under `[vendor.{vendor}]` tells a plan of so many times that); "
        f"fetching uses {SHARE:.0%} at most, and users take turns."
    )


_NOTES = {
    "Google Health": (
        f"{_allowed('google_health')} "
        "Google does not tell what it changed since when: besides its notices each poll looks at "
        f"the last {KINDS['heart-rate'].look_back} days of samples and "
        "levels of activity, "
        f"{KINDS['electrocardiogram'].look_back} of nights, workouts and ECGs, "
        f"{KINDS['irregular-rhythm-notification'].look_back} of daily values and rhythm notices. "
        "Whether rhythm notices are switched on is asked too (irnProfile). "
        "Not read: entropy, standard deviations and bounds of estimates, fitness levels, meal "
        "types, nutrition, symptoms. There is no blood pressure. ECGs and rhythm notices come by "
        "polling only."
    ),
    "Withings": (
        f"{_allowed('withings')} "
        "Polls ask for the measures, days and nights that Withings changed since the latest change "
        "it told of (lastupdate, by its own clock, a day of overlap), and then for the samples "
        "and ECGs of those days. Not read: deprecated sleep fields (durationtosleep, "
        "durationtowakeup), snoring samples, stethoscope sounds. There is no resting heart rate: "
        "a night's lowest rate is not one. "
        "Both pressures of a group and the pulse with them are one reading."
    ),
    "Apple Health": (
        "There is no cloud service: an export, ECG files, or pushes of a companion app (the "
        "envelope of mobile SDKs, Health Auto Export). The app sends them to "
        f"`POST /api/v1/device/pushes`, each at most {LARGEST_PUSH:,} bytes of JSON and "
        f"{pushes_a_minute('apple')} in a minute, with the "
        "token that the patient is shown once at `/link/me`; a push that cannot be read is kept "
        "among the dead letters. HealthKit's percentages are shares of one. "
        "Stretches of sleep are kept as minutes of their stage. "
        "A blood pressure that stands both alone and in a pair counts once. Name and date of "
        "birth in ECG files are dropped unread."
    ),
}


def page() -> str:
    """Return the page."""
    return "\n".join((_INTRODUCTION, *_overview(), *(_vendors())))


def _overview() -> Iterator[str]:
    yield "## Overview\n"
    yield "| Type | Unit | " + " | ".join(COVERAGE) + " |"
    yield "|---" * (2 + len(COVERAGE)) + "|"
    kinds = sorted(
        {one.type for listed in COVERAGE.values() for one in listed},
        key=lambda kind: (_topic(kind), kind),
    )
    for kind in kinds:
        cells = (_cell(kind, listed) for listed in COVERAGE.values())
        yield f"| {kind} | {_unit(kind)} | " + " | ".join(cells) + " |"
    yield ""


def _cell(kind: str, listed: Iterable[Capability]) -> str:
    known = [one for one in listed if one.type == kind]
    if not known:
        return "-"
    return "fetched" if any(one.fetched for one in known) else "read"


def _vendors() -> Iterator[str]:
    for name, listed in COVERAGE.items():
        yield f"## {name}\n"
        yield _NOTES[name] + "\n"
        yield "| Type | Unit | Vendor's name | Vendor's unit | Granularity | Arrives | Fetched |"
        yield "|---|---|---|---|---|---|---|"
        for one in listed:
            kind = f"{one.type} ({one.statistic})" if one.statistic else one.type
            cells = (
                kind,
                _unit(one.type),
                one.vendor_name,
                one.vendor_unit,
                one.granularity,
                ", ".join(one.arrives),
                "yes" if one.fetched else "",
            )
            yield "| " + " | ".join(cells) + " |"
        yield ""


def _unit(kind: str) -> str:
    return f"`{TYPES[kind].unit}`" if kind in TYPES else ""


def _topic(kind: str) -> int:
    topics = [*TOPICS, *FURTHER_TOPICS]
    return topics.index(TYPES[kind].topic) if kind in TYPES else len(topics)


def main() -> None:
    """Write the page; an argument names another file."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    target.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
