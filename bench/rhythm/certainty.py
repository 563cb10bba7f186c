"""How much data stands behind a figure, and how far it may be off: by subject, not by window."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from bench.rhythm.data import Labelled
from wearable_agg.validation.scoring import ALARMS, Tally, added

_DRAWS = 5000
_ENDS = (0.025, 0.975)
_LEAST_SUBJECTS = 3
_SURE = 0.95
_DAY, _LEAST_DAYS = 86_400.0, 0.1


def certainty(tallies: Mapping[Labelled, Tally]) -> str:
    """Return lines about the windows and the alarms of a database.

    The interval of Se is of 5000 draws, with replacement, of the subjects with AF, that of Sp of
    those with windows of other rhythm; none is told of fewer than three. The most false alarms a
    day are the one-sided 95 % limit of a Poisson count, which takes hours for independent; under a
    tenth of a day tells nothing of that. Where no subject had an error, draws would have none.
    """
    return "\n".join((*_windows(tallies), *_alarms(tallies)))


def _windows(tallies: Mapping[Labelled, Tally]) -> list[str]:
    subjects = _by_subject(tallies)
    made = []
    for name, right, wrong in (("Se", 0, 1), ("Sp", 2, 3)):
        counts = subjects[:, [right, wrong]]
        counts = counts[counts.sum(axis=1) > 0]
        if len(counts):
            what = "of AF" if name == "Se" else "without AF"
            of = f"{len(counts)} subject{'s' if len(counts) > 1 else ''}"
            made.append(f"{int(counts.sum()):,} windows {what}, {of}: {name} {_spread(counts)}")
    return made


def _spread(counts: NDArray[np.int64]) -> str:
    whole = 100.0 * counts[:, 0].sum() / counts.sum()
    if len(counts) < _LEAST_SUBJECTS:
        return f"{whole:.1f}, too few subjects for an interval"
    if not counts[:, 1].any():
        most = 100.0 * (1.0 - (1.0 - _SURE) ** (1.0 / len(counts)))
        return f"{whole:.1f}, no error in any: up to {most:.0f} % of people may have one (95 %)"
    chosen = np.random.default_rng(0).integers(len(counts), size=(_DRAWS, len(counts)))
    drawn = counts[chosen].sum(axis=1)
    low, high = np.quantile(100.0 * drawn[:, 0] / drawn.sum(axis=1), _ENDS)
    return f"{whole:.1f} (95 %: {low:.1f} to {high:.1f})"


def _by_subject(tallies: Mapping[Labelled, Tally]) -> NDArray[np.int64]:
    """Return the counts of windows, a row for each subject."""
    patients = sorted({label.patient for label in tallies})
    rows = np.zeros((len(patients), 4), np.int64)
    for label, tally in tallies.items():
        if tally.windows is not None:
            rows[patients.index(label.patient)] += tally.windows[:4]
    return rows


def _alarms(tallies: Mapping[Labelled, Tally]) -> list[str]:
    whole = added(list(tallies.values()))
    days = whole.watched_seconds / _DAY
    if days < _LEAST_DAYS:
        return []
    return [
        f"alarms of {at} s: {whole.false_alarms[at]} false in {days:.2f} days,"
        f" at most {_most(whole.false_alarms[at]) / days:.2f} a day (95 %)"
        for at in ALARMS
    ]


def _most(count: int) -> float:
    """Return the largest mean that a Poisson count this low is still likely for."""
    limit: float = chi2.ppf(_SURE, 2 * (count + 1)) / 2.0
    return limit
