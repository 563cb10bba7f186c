"""Packing loses nothing and notices damage."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sandbox.patient.heart import Heart
from sandbox.patient.rhythm import Programme
from wearable_agg.ecg.packing import Damaged, packed, unpacked


@given(arrays.arrays(np.int16, st.integers(0, 2000)))
def test_what_is_packed_comes_back(counts: np.ndarray) -> None:
    assert np.array_equal(unpacked(packed(counts), len(counts)), counts)


def test_what_was_packed_in_the_first_form_is_read() -> None:
    counts = np.random.default_rng(1).integers(-(2**15), 2**15, 1000).astype("<i2")
    steps = np.diff(counts, prepend=np.int16(0))
    first_form = zlib.compress(steps.view(np.uint8).reshape(-1, 2).T.tobytes())
    assert np.array_equal(unpacked(first_form, len(counts)), counts)


def test_a_minute_of_ecg_takes_under_two_fifths_of_its_size() -> None:
    millivolts = Heart(7, Programme(1e9, 1e9)).millivolts(0, 15_000, 250)
    counts = np.rint(millivolts * 400).astype(np.int16)
    assert len(packed(counts)) < 0.4 * counts.nbytes


@pytest.mark.parametrize("length", [0, 99, 101, 10**6])
def test_another_length_is_noticed(length: int) -> None:
    with pytest.raises(Damaged):
        unpacked(packed(np.arange(100, dtype=np.int16)), length)


@given(st.binary(max_size=200))
def test_other_bytes_are_damaged(noise: bytes) -> None:
    with pytest.raises(Damaged):
        unpacked(noise, 50)
