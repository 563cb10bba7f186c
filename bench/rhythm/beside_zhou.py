"""The learned decision beside the published rule: the same moments, the same paired intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bench.rhythm.models import CrossValidated

_ZHOU = 0.639
_MIXED = 0.2


def beside_zhou(made: CrossValidated, names: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return Se and Sp in percent of single decisions, each database by itself.

    A decision counts where Zhou's 127 words can be had too; `names` are those of the features. The
    learned one is that of a model which did not know the patient, before smoothing and hysteresis.
    """
    rows = made.rows
    entropy = rows.features[:, list(names).index("entropy")]
    counted = (rows.kind == "clean") & (rows.left_out < _MIXED) & (entropy >= 0.0)
    report = {}
    for database in np.unique(rows.database[counted]).tolist():
        here = counted & (rows.database == database)
        truth = rows.fibrillation[here] == 1
        report[database] = {
            "decisions of AF": int(truth.sum()),
            "of other rhythm": int((~truth).sum()),
            **_figures("Zhou", entropy[here] > _ZHOU, truth),
            **_figures("learned", made.chances[here] > 0.5, truth),
        }
    return report


def _figures(name: str, called: NDArray[np.bool_], truth: NDArray[np.bool_]) -> dict[str, float]:
    right = called == truth
    return {
        f"{name}, {figure}": round(100.0 * float(right[of].mean()), 1)
        for figure, of in (("Se", truth), ("Sp", ~truth))
        if of.any()
    }
