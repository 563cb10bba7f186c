"""Made WFDB records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import wfdb

from tests.wearable_agg.afib.made_ecg import ecg

RATE = 250.0


@pytest.fixture
def write_record(tmp_path: Path) -> Callable[..., Path]:
    """Write a record of these beats (s) with rhythm labels `(s, text)`; return its path."""

    def write(
        name: str,
        beats: Sequence[float],
        labels: Sequence[tuple[float, str]] = (),
        *,
        waveform: bool = True,
        comments: Sequence[str] = (),
    ) -> Path:
        signal = ecg(np.asarray(beats), float(beats[-1]) + 2.0, RATE).astype(np.float64)
        wfdb.wrsamp(
            name,
            fs=RATE,
            units=["mV"],
            sig_name=["ECG"],
            p_signal=signal[:, None],
            fmt=["16"],
            write_dir=str(tmp_path),
            comments=list(comments),
        )
        notes = sorted([(t, "N", "") for t in beats] + [(t, "+", text) for t, text in labels])
        wfdb.wrann(
            name,
            "atr",
            np.array([round(t * RATE) for t, _, _ in notes]),
            symbol=[symbol for _, symbol, _ in notes],
            aux_note=[text for _, _, text in notes],
            write_dir=str(tmp_path),
        )
        if not waveform:
            (tmp_path / f"{name}.dat").unlink()
        return tmp_path / name

    return write
