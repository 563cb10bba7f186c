"""The scorer gives, line by line, what WFDB's epicmp gave for three detectors.

The golden files were made without an exclusion in effect: in them flutter counts as not AF.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wfdb

from wearable_agg.validation.annotations import FIBRILLATION, Annotations, labelled
from wearable_agg.validation.ec57 import LEARNING, Episodes, compare_episodes
from wearable_agg.validation.tables import clock_time

pytestmark = pytest.mark.external


def _notes(path: Path, kind: str) -> Annotations:
    notes = wfdb.rdann(str(path), kind)
    return Annotations(np.array(notes.sample) / notes.fs, notes.symbol, notes.aux_note)


def _share(part: float, whole: float) -> str:
    return f"{int(100 * part / whole + 0.5):4d}" if whole > 0 else "   -"


def _line(name: str, made: Episodes) -> str:
    counts = " ".join(f"{n:4d}" for n in (made.found, made.missed, made.right, made.false))
    shares = (
        _share(made.found, made.found + made.missed),
        _share(made.right, made.right + made.false),
        _share(made.overlap, made.reference),
        _share(made.overlap, made.test),
    )
    times = f"  {clock_time(made.reference):>12}   {clock_time(made.test):>12}"
    return f"{name:>6} {counts} {''.join(shares)}{times}"


@pytest.mark.parametrize("kind", ["zh", "petc", "cos"])
def test_every_line_of_epicmp_is_reproduced(records: Path, kind: str) -> None:
    golden = (records / "golden" / f"epicmp-{kind}.txt").read_text().splitlines()[2:]
    made = []
    for name in (line.split()[0] for line in golden):
        header = wfdb.rdheader(str(records / "afdb" / name))
        end = header.sig_len / header.fs
        truth = labelled(_notes(records / "afdb" / name, "atr"), FIBRILLATION, end)
        test = labelled(_notes(records / "golden" / name, kind), FIBRILLATION, end)
        made.append(_line(name, compare_episodes(truth, test, (), (LEARNING, end))))
    assert len(golden) == 13
    assert made == golden
