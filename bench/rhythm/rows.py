"""Every decision of the product's own streaming path as a row: features, truth, patient."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.rhythm import data
from bench.rhythm.data import Labelled, Waveform
from wearable_agg.afib import beats_only, kernel, step
from wearable_agg.afib.features import BEATS, ECG
from wearable_agg.afib.rules import configured
from wearable_agg.afib.state import EVIDENCE, new_shard
from wearable_agg.afib.types import Chunk
from wearable_agg.validation.spans import Span

_HEAD = 5 + EVIDENCE
_ECG_SPAN, _BEATS_SPAN = 30.4, 40.0
_DECIBELS = {"mitdb": (12, 6, 0)}
_SEED = 11
_SPOT_SOONEST = 19.9


@dataclass(frozen=True, slots=True)
class Rows:
    """`share` is how much of the time looked back over was AF, `left_out` flutter and the like.

    `fold` is 0 to 5, one per patient; `kind` is "clean" or the noise added.
    """

    features: NDArray[np.float64]
    time: NDArray[np.float64]
    share: NDArray[np.float64]
    left_out: NDArray[np.float64]
    database: NDArray[np.str_]
    patient: NDArray[np.str_]
    kind: NDArray[np.str_]

    def chosen(self, mask: NDArray[np.bool_]) -> Rows:
        return Rows(*(getattr(self, field.name)[mask] for field in fields(self)))

    @property
    def fibrillation(self) -> NDArray[np.int64]:
        return (self.share > 0.5).astype(np.int64)

    @property
    def pure(self) -> NDArray[np.bool_]:
        """Rows of one rhythm, which is known."""
        return (self.left_out < 0.2) & ((self.share < 0.2) | (self.share > 0.8))


def cached(name: str, make: Callable[[], Rows]) -> Rows:
    """Return what `make` gives, kept in a temporary folder until the analysis changes."""
    own = Path(__file__).read_bytes() + Path(data.__file__).read_bytes()
    key = sha256(kernel.fingerprint().encode() + own)
    place = Path(os.environ.get("WRISTCHART_CACHE", tempfile.gettempdir())) / "wristchart-rows"
    path = place / f"{name}-{key.hexdigest()[:16]}.npz"
    if not path.exists():
        place.mkdir(exist_ok=True, parents=True)
        rows = make()
        np.savez(path, **{field.name: getattr(rows, field.name) for field in fields(rows)})
    with np.load(path) as arrays:
        return Rows(**{field.name: arrays[field.name] for field in fields(Rows)})


def ecg_rows() -> Rows:
    """Return rows of all waveforms, clean and with the noise that is for training."""
    return joined([_ecg_of(kind, one) for kind, one in _variants()] + [_spot_as_stream()])


def beats_rows() -> Rows:
    """Return rows of all annotated beats, their kinds unknown."""
    parts = []
    for database in data.INTERVALS:
        for record in data.intervals(database):
            chunk = beats_only.BeatChunk("s", record.beats, None, 1)
            _, out = beats_only.advance(new_shard(), [chunk], configured(), features=len(BEATS))
            found = out.decisions[: out.counts[2]].copy()
            parts.append(_rows(record.label, "clean", found[found[:, 2] > 0], _BEATS_SPAN))
    return joined(parts)


def chunks_of(signal: NDArray[np.float32], rate: float, seconds: float = 10.0) -> list[Chunk]:
    """Cut a signal that begins at time 0."""
    length = round(seconds * rate)
    return [
        Chunk("s", first / rate, rate, signal[first : first + length], number, False)
        for number, first in enumerate(range(0, len(signal), length))
    ]


def joined(parts: list[Rows]) -> Rows:
    """Put rows on end."""
    return Rows(
        *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Rows))
    )


def share_of(
    spans: tuple[Span, ...], until: NDArray[np.float64], length: float
) -> NDArray[np.float64]:
    """Return how much of the time before each moment the spans hold."""
    held = np.zeros(len(until))
    for start, end in spans:
        held += np.clip(np.minimum(end, until) - np.maximum(start, until - length), 0.0, None)
    return held / length


def _variants() -> Iterator[tuple[str, Waveform]]:
    random = np.random.default_rng(_SEED)
    for database in data.WAVEFORMS:
        for clean in data.waveforms(database):
            yield "clean", clean
            for kind in ("em", "ma"):
                sound = data.noise(kind, clean.rate, 0)
                for decibels in _DECIBELS.get(database, (6, 0)):
                    at = int(random.integers(len(sound)))
                    yield f"{kind}{decibels}", data.noisy(clean, sound, decibels, at)


def _ecg_of(kind: str, one: Waveform) -> Rows:
    found = _decisions(one.signal, one.rate)
    return _rows(one.label, kind, found, _ECG_SPAN)


def _decisions(signal: NDArray[np.float32], rate: float) -> NDArray[np.float64]:
    pieces = chunks_of(signal, rate)
    _, out = step.advance(new_shard(), pieces, configured(), features=len(ECG))
    found: NDArray[np.float64] = out.decisions[: out.counts[2]].copy()
    beats = found[:, _HEAD + ECG.index("beats")]
    return found[beats >= configured().fewest_beats]


def _spot_as_stream() -> Rows:
    """Give the stream's model the spot recordings too: many patients, half a minute each."""
    parts = []
    for number, (signal, rate, kind) in enumerate(data.spot_recordings()):
        found = _decisions(signal, rate)
        found = found[found[:, 1] >= _SPOT_SOONEST]
        chosen = found[[0, -1]] if len(found) > 2 else found[-1:]
        seconds = len(signal) / rate
        af = ((0.0, seconds),) if data.SPOT_KINDS[kind] == "A" else ()
        label = Labelled("cinc2017", str(number), f"cinc2017/{number}", seconds, af, ())
        rows = _rows(label, "~" if data.SPOT_KINDS[kind] == "~" else "clean", chosen, 1.0)
        parts.append(rows)
    return joined(parts)


def _rows(label: Labelled, kind: str, found: NDArray[np.float64], length: float) -> Rows:
    count = len(found)
    time = found[:, 1]
    return Rows(
        features=found[:, _HEAD:],
        time=time,
        share=share_of(label.fibrillation, np.minimum(time, label.seconds), length),
        left_out=share_of(label.excluded, time, length),
        database=np.full(count, label.database, "U20"),
        patient=np.full(count, label.patient, "U40"),
        kind=np.full(count, kind, "U8"),
    )
