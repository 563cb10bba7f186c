"""docs/validation.md: the cross-validation's tables, record by record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wearable_agg.afib import beats_only, types
from wearable_agg.validation.tables import RHYTHM_RULES

_HEAD = f"""\
# Validation, record by record

Made by `python -m bench.rhythm.crossvalidate ecg calibration beats --page docs/validation.md`; do
not edit. Every record is run by models that were fitted without its patient. What the figures mean,
how they compare with what was aimed at, and where they mislead, stands in
[Detection](detection.md). The same tables of the models in use: `wristchart validate rhythm PATH`.

Of ECG decides `{types.DECIDER}`, version {types.DECIDER_VERSION}; of beats alone
`{beats_only.DECIDER}`, version {beats_only.DECIDER_VERSION}. ECG is the first lead of each record,
which is V5 in MITDB 114. Titles with "beats" are of annotated beats without any ECG; only
"beats + kinds" knows which are ectopic.

```
{RHYTHM_RULES}
```
"""


def page(sections: Sequence[tuple[str, str]]) -> str:
    """Return the page with each section's title and table."""
    return _HEAD + "".join(f"\n## {title}\n\n```\n{text}\n```\n" for title, text in sections)


def calibration_table(tenths: Sequence[tuple[int, float, tuple[float, float]]]) -> str:
    """Return n, error and the 95 % interval of the signed error for each tenth of the scale."""
    lines = ["shown         n  error  95 % of the signed error, subjects drawn anew"]
    for tenth, (count, error, (low, high)) in enumerate(tenths):
        told = f"{error:.3f}" if error else "    -"
        lines.append(
            f"{tenth / 10:.1f}-{(tenth + 1) / 10:.1f}{count:>8}  {told}  {low:+.2f} to {high:+.2f}"
        )
    return "\n".join(lines)


def spread_table(found: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """Return a line for each number and rhythm: median, and where four fifths lie."""
    return "\n".join(
        f"{name:<20} {rhythm:<13} {middle:>6.2f}  ({low:.2f} to {high:.2f})"
        for name, by_rhythm in found.items()
        for rhythm, (low, middle, high) in by_rhythm.items()
    )


def beside_table(report: Mapping[str, Mapping[str, float]]) -> str:
    """Return a line for each database, the learned decision beside Zhou's."""
    return "\n".join(
        f"{database}: " + ", ".join(f"{name} {value:,}" for name, value in figures.items())
        for database, figures in report.items()
    )
