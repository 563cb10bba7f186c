from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, group_delay, sosfreqz

from wearable_agg.afib.filters import SECTIONS, design_band_pass, design_low_pass
from wearable_agg.afib.filters import group_delay as own_group_delay

rates = st.floats(min_value=100.0, max_value=1000.0)


def designed(rate: float) -> np.ndarray:
    sections = np.zeros((SECTIONS, 3))
    design_band_pass(5.0, 20.0, rate, sections)
    return sections


@settings(deadline=None)
@given(rates)
def test_the_band_pass_is_the_butterworth_of_the_textbook(rate: float) -> None:
    frequencies = np.linspace(0.5, 45.0, 40) * 2.0 * np.pi / rate
    delay = np.exp(-1j * frequencies)
    own = np.ones_like(delay)
    for gain, a1, a2 in designed(rate):
        own *= gain * (1.0 - delay**2) / (1.0 + a1 * delay + a2 * delay**2)
    textbook = butter(2, [5.0, 20.0], "bandpass", fs=rate, output="sos")
    assert own == pytest.approx(sosfreqz(textbook, frequencies)[1], abs=1e-10)


@settings(deadline=None)
@given(rates)
def test_the_delay_is_that_of_the_filter(rate: float) -> None:
    textbook = butter(2, [5.0, 20.0], "bandpass", fs=rate)
    expected = group_delay(textbook, [10.0 * 2.0 * np.pi / rate])[1][0]
    assert own_group_delay(designed(rate), 10.0, rate) == pytest.approx(expected, rel=1e-3)


@settings(deadline=None)
@given(rates)
def test_the_low_pass_is_the_butterworth_of_the_textbook(rate: float) -> None:
    section = np.zeros(3)
    design_low_pass(40.0, rate, section)
    b, a = butter(2, 40.0, fs=rate)
    assert section[0] * np.array([1.0, 2.0, 1.0]) == pytest.approx(b, abs=1e-12)
    assert np.array([1.0, *section[1:]]) == pytest.approx(a, abs=1e-12)
