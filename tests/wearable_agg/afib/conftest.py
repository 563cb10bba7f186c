"""The made records that most of these tests look at, analysed once."""

from __future__ import annotations

import numpy as np
import pytest
from made_ecg import chunks, ecg, follow, irregular, regular

from wearable_agg.afib.step import Trace
from wearable_agg.afib.types import Chunk

TURNS = (300.0, 600.0, 900.0)


@pytest.fixture(scope="session")
def paroxysm() -> list[Chunk]:
    """Five minutes of steady rhythm, five of fibrillation, five of steady rhythm."""
    before = regular(TURNS[0])
    during = before[-1] + irregular(TURNS[1] - TURNS[0])
    after = regular(TURNS[2], first=float(during[-1]) + 0.8)
    return chunks(ecg(np.concatenate([before, during, after]), TURNS[2]))


@pytest.fixture(scope="session")
def analysed_paroxysm(paroxysm: list[Chunk]) -> Trace:
    """What the analysis says of `paroxysm`."""
    return follow(paroxysm)
