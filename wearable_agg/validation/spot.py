"""The four classes of short recordings, scored as the CinC 2017 Challenge does."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wearable_agg.afib.spot import KINDS, LONGEST, SHORTEST, classify
from wearable_agg.ecg.recordings import NoRecording, checked_rate
from wearable_agg.validation.figures import Figure, percent

MEAN = "mean_NAO"
_ARRAYS = ("delta", "offsets", "records", "labels", "fs", "gain_adu_per_mV")
_TOO_NOISY = "~"


@dataclass(frozen=True, slots=True)
class SpotRecord:
    """A labelled recording in millivolts."""

    name: str
    label: str
    rate: float
    millivolts: NDArray[np.float32]


def read_challenge(path: Path) -> Iterator[SpotRecord]:
    """Yield the recordings of a CinC 2017 file (.npz), or of the one in a folder.

    `delta` holds the first differences of each record's int16 samples, `offsets` where each
    begins. Raises NoRecording.
    """
    if path.is_dir():
        found = sorted(path.glob("*.npz"))
        if len(found) != 1:
            raise NoRecording(f"{path} holds {len(found)} .npz files, not one")
        path = found[0]
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in _ARRAYS}
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise NoRecording(f"{path} is no file of CinC 2017: {error}") from error
    yield from _records(arrays)


def f1_of(pairs: Iterable[tuple[str, str]]) -> dict[str, Figure]:
    """Return the F1 of each class in percent and their mean over N, A and O.

    `pairs` are label and verdict of each recording.
    """
    confusion = Counter(pairs)
    made: dict[str, Figure] = {}
    for kind in KINDS:
        labelled = sum(n for (label, _), n in confusion.items() if label == kind)
        called = sum(n for (_, verdict), n in confusion.items() if verdict == kind)
        made[kind] = percent(2 * confusion[kind, kind], labelled + called)
    three = [value for value in (made[kind] for kind in "NAO") if value is not None]
    made[MEAN] = round(sum(three) / 3, 2) if len(three) == 3 else None
    return made


def verdict_on(record: SpotRecord) -> str:
    """Return the class that the product gives a recording; too noisy where it takes none."""
    if not SHORTEST <= len(record.millivolts) / record.rate <= LONGEST:
        return _TOO_NOISY
    return classify(record.millivolts, record.rate).kind


def _records(arrays: dict[str, NDArray[np.generic]]) -> Iterator[SpotRecord]:
    rate = checked_rate(float(arrays["fs"]))
    gain = np.float32(float(arrays["gain_adu_per_mV"]))
    offsets = arrays["offsets"].astype(np.int64)
    names, labels = arrays["records"], arrays["labels"]
    if len(offsets) != len(labels) + 1 or len(names) != len(labels):
        raise NoRecording("offsets, records and labels do not fit together")
    for n, (name, label) in enumerate(zip(names, labels, strict=True)):
        steps = arrays["delta"][offsets[n] : offsets[n + 1]].astype(np.int16)
        counts = np.cumsum(steps, dtype=np.int16)
        yield SpotRecord(str(name), str(label), rate, counts.astype(np.float32) / gain)
