"""The simulated ECG is believable: rhythm, waves, and the same however it is cut."""

import time

import numpy as np
import pytest

from sandbox.patient.heart import Heart
from sandbox.patient.rhythm import (
    ATRIAL,
    FIBRILLATING,
    NORMAL,
    VENTRICULAR,
    Programme,
    beats,
)

RATE = 250.0
PROGRAMME = Programme(onset=2100, end=3900)
SINUS = Programme(onset=1e9, end=1e9)


def intervals(programme, start, end):
    rhythm = beats(7, programme, start, end)
    inside = (rhythm.times > start) & (rhythm.times < end)
    return rhythm.intervals[inside]


def spread(rr):
    return rr.std() / rr.mean()


def test_sinus_rhythm_is_regular_but_breathes():
    rr = intervals(SINUS, 0, 2000)
    assert 55 < 60 / rr.mean() < 75
    assert 0.02 < spread(rr) < 0.10


def test_fibrillation_is_fast_and_irregular_without_memory():
    rr = intervals(PROGRAMME, 2200, 3500)
    assert 95 < 60 / rr.mean() < 125
    assert spread(rr) > 0.2
    assert abs(np.corrcoef(rr[:-1], rr[1:])[0, 1]) < 0.1


def test_heart_changes_rhythm_at_onset_and_end():
    rhythm = beats(7, PROGRAMME, 0, 4500)
    fibrillating = rhythm.times[rhythm.kinds == FIBRILLATING]
    assert fibrillating.min() == pytest.approx(2100, abs=1.5)
    assert fibrillating.max() == pytest.approx(3900, abs=1.5)


def test_some_beats_are_ectopic():
    kinds = beats(7, SINUS, 0, 3600).kinds
    assert 5 < np.count_nonzero(kinds == ATRIAL) + np.count_nonzero(kinds == VENTRICULAR) < 80


def test_any_part_is_the_same_as_in_the_whole():
    heart = Heart(7, PROGRAMME)
    whole = beats(7, PROGRAMME, 0, 4500)
    part = beats(7, PROGRAMME, 2050, 2150)
    expected = whole.times[(whole.times > 2000) & (whole.times < 2200)]
    found = part.times[(part.times > 2000) & (part.times < 2200)]
    assert found == pytest.approx(expected)
    assert np.array_equal(heart.millivolts(15000, 500, RATE), heart.millivolts(15000, 500, RATE))


def averaged(programme, start, kind):
    """Return the average of some beats, from 0.3 s before R to 0.1 s after."""
    signal = Heart(7, programme).millivolts(int(start * RATE), int(120 * RATE), RATE)
    rhythm = beats(7, programme, start + 2, start + 118)
    chosen = rhythm.times[rhythm.kinds == kind]
    chosen = chosen[(chosen > start + 2) & (chosen < start + 118)]
    at = np.rint((chosen - start) * RATE).astype(int)
    return np.mean([signal[n - 75 : n + 25] for n in at], axis=0)


def bump(beat):
    """Return how far the P wave stands above what is before and after it (mV)."""
    return beat[75 - 41] - (beat[75 - 65] + beat[75 - 18]) / 2


def test_p_waves_are_there_in_sinus_rhythm_and_absent_in_fibrillation():
    assert bump(averaged(PROGRAMME, 600, NORMAL)) > 0.07
    assert abs(bump(averaged(PROGRAMME, 2400, FIBRILLATING))) < 0.03


def power(signal, low, high):
    spectrum = np.abs(np.fft.rfft(signal * np.hanning(len(signal)))) ** 2
    hertz = np.fft.rfftfreq(len(signal), 1 / RATE)
    return spectrum[(hertz >= low) & (hertz < high)].sum()


def test_fibrillatory_waves_lie_between_4_and_9_hertz():
    with_waves, without = (
        Heart(7, p)._atria(np.arange(0, 60, 1 / RATE)) for p in (Programme(0, 60), SINUS)
    )
    assert power(with_waves, 4, 9) > 0.5 * power(with_waves, 0.5, 100)
    assert not without.any()


def test_hour_is_made_in_less_than_two_seconds():
    began = time.perf_counter()
    Heart(7, PROGRAMME).millivolts(0, int(3600 * RATE), RATE)
    assert time.perf_counter() - began < 2
