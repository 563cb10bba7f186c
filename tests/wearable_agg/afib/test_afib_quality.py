from __future__ import annotations

import numpy as np
import pytest
from made_ecg import chunks, ecg, follow, of_type, regular
from numpy.typing import NDArray

from wearable_agg.afib.types import Analysed

STEADY = ecg(regular(120.0), 120.0)


def analysable(signal: NDArray[np.float32]) -> tuple[float, float]:
    """Return recorded and analysable seconds of a made signal."""
    reports = of_type(Analysed, follow(chunks(signal)).events)
    return (
        sum(report.recorded_seconds for report in reports),
        sum(report.analysable_seconds for report in reports),
    )


def spoilt(value: float | NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the steady record with half a minute, from second 30 on, replaced."""
    signal = STEADY.copy()
    signal[7500:15000] = value
    return signal


def test_clean_signal_is_analysable_but_for_the_first_second() -> None:
    assert analysable(STEADY) == (pytest.approx(120.0), pytest.approx(120.0, abs=1.0))


@pytest.mark.parametrize("value", [0.0, 4.9, np.nan, 1e30])
def test_a_flat_saturated_or_missing_stretch_is_not_analysable(value: float) -> None:
    recorded, good = analysable(spoilt(value))
    assert recorded == pytest.approx(120.0)
    assert good == pytest.approx(90.0, abs=3.0)


def test_clipping_within_each_second_is_not_analysable() -> None:
    clipped = np.clip(20.0 * np.sin(2 * np.pi * np.arange(7500) / 250.0), -5.0, 5.0)
    assert analysable(spoilt(clipped.astype(np.float32)))[1] == pytest.approx(90.0, abs=3.0)


def test_signal_without_beats_is_not_analysable() -> None:
    noise = 0.02 * np.random.default_rng(2).standard_normal(7500)
    wander = 0.2 * np.sin(2 * np.pi * 0.3 * np.arange(7500) / 250.0)
    assert analysable(spoilt((noise + wander).astype(np.float32)))[1] == pytest.approx(90, abs=4)
