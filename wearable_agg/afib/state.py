"""The memory of a shard: one record per stream, all in one flat array."""

from __future__ import annotations

import json
import struct
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from wearable_agg.afib.migration import SIZES, from_version_1

VERSION = 2

RAW = 500
"""Samples of signal kept between chunks: half a second at the highest rate."""

ENERGY = 150
"""Samples of slope energy kept between chunks: the integration window at the highest rate."""

PENDING = 24
"""Beats that the time until their shape is complete can hold, search-back included."""

HISTORY = 140
"""Beats remembered: the symbol window of 127 words and room for breaks."""

GRID = 250.0
"""Samples per second at which the shape of beats is looked at, whatever the stream's rate."""

SHAPE = 640
"""Samples of that signal kept: 2.56 s, for beats that search-back finds late."""

TEMPLATES = 4
"""Shapes of beats told apart."""

QRS_BEFORE, QRS_AFTER = 25, 35
"""Samples of the shape before and after the R peak: 100 and 140 ms."""

QRS = QRS_BEFORE + QRS_AFTER

WAVE = 27
"""Samples at half the grid's rate, 216 ms, in which the P and the T wave are looked for."""

MARKS = 6
"""What is remembered of the shape of each beat, one byte each; see `wearable_agg.afib.kinds`."""

EVIDENCE = 6
"""Numbers that explain a decision; see `wearable_agg.afib.types.Evidence`."""

Row: TypeAlias = Any
"""One record of STREAM; compiled code reaches its fields as attributes."""

STREAM = np.dtype(
    [
        # the stream and its clock: sample `anchor_index` was taken at `anchor_time`
        ("sequence", "i8"),
        ("rate", "f8"),
        ("anchor_index", "i8"),
        ("anchor_time", "f8"),
        ("index", "i8"),
        # filters
        ("design_rate", "f8"),
        ("sections", "f8", (2, 3)),
        ("delays", "f8", (2, 2)),
        ("previous", "f8"),
        ("energy_sum", "f8"),
        ("energy", "f4", (ENERGY,)),
        ("raw", "f4", (RAW,)),
        ("window", "i4"),
        ("lag", "i4"),
        # beat detector, levels in the unit of the integrated slope
        ("peak", "f8"),
        ("peak_index", "i8"),
        ("quietest", "f8"),
        ("signal_level", "f8"),
        ("noise_level", "f8"),
        ("last_level", "f8"),
        ("last_peak", "i8"),
        ("mean_interval", "f8"),
        ("candidate", "f8"),
        ("candidate_index", "i8"),
        ("candidate_beat", "i8"),
        ("pending", "i8", (PENDING,)),
        ("pending_count", "i4"),
        # the second of signal under way, for the quality gate
        ("block", "i4"),
        ("filled", "i4"),
        ("missing", "i4"),
        ("flat_blocks", "i4"),
        ("held", "f4"),
        ("lowest", "f4"),
        ("highest", "f4"),
        ("rail", "f4"),
        ("run", "i4"),
        ("longest_run", "i4"),
        # the signal on the grid, in uV, low-passed and without its offset
        ("smooth", "f8", (3,)),
        ("smooth_delays", "f8", (2,)),
        ("offset", "f8"),
        ("smoothed", "f8"),
        ("shape", "i2", (SHAPE,)),
        ("shape_count", "i8"),
        # shapes of beats: running means without their own mean, and how often each was met
        ("templates", "i2", (TEMPLATES, QRS)),
        ("weights", "f4", (TEMPLATES,)),
        ("widths", "f4", (TEMPLATES,)),
        ("dominant", "i4"),
        ("shaped_at", "i8"),
        # running means of the stretches before and after the QRS, and what varies around them
        ("atrial", "f4", (WAVE,)),
        ("repolar", "f4", (WAVE,)),
        ("atrial_rest", "f4"),
        ("repolar_rest", "f4"),
        ("waves", "i4"),
        # intervals since the last break
        ("last_beat", "i8"),
        ("chain", "i4"),
        ("unfit_from", "i8"),
        ("unfit_to", "i8"),
        # the last beats: when, and the interval before each
        ("times", "f8", (HISTORY,)),
        ("intervals", "f4", (HISTORY,)),
        ("marks", "u1", (HISTORY, MARKS)),
        ("beat_head", "i4"),
        ("beat_count", "i4"),
        # the decision under way and the last one
        ("since_decision", "f8"),
        ("fresh", "f8"),
        ("fit", "i1"),
        ("probability", "f8"),
        ("level", "f8"),
        ("evidence", "f4", (EVIDENCE,)),
        # the episode
        ("onset", "f8"),
        ("ended", "f8"),
        ("fibrillating", "i1"),
        ("reported", "i1"),
        ("unreported", "f8"),
        ("older_beats", "i8"),
        ("older_seconds", "f8"),
        ("older_max_rate", "f8"),
        # time since the last Analysed
        ("analysed_from", "f8"),
        ("recorded", "f8"),
        ("analysable", "f8"),
        ("fibrillated", "f8"),
    ],
    align=True,
)

_HEADER = struct.Struct("<4sHII")
_MAGIC = b"WAFS"
_SIZES = SIZES | {VERSION: STREAM.itemsize}


class UnreadableState(ValueError):
    """The bytes are no state of this version: start anew and replay the stream."""


@dataclass(frozen=True, slots=True, eq=False)
class ShardState:
    """What `step` has to remember of the streams of a shard. `step` never changes it in place."""

    streams: tuple[str, ...]
    rows: NDArray[np.void]

    def last_sequence(self, stream: str) -> int | None:
        """Return the number of the last chunk taken of this stream, None if there was none."""
        if stream not in self.streams:
            return None
        return int(self.rows["sequence"][self.streams.index(stream)])

    def last_sequences(self) -> Iterator[tuple[str, int]]:
        """Yield every stream with the number of its last chunk."""
        return zip(self.streams, self.rows["sequence"].tolist(), strict=True)

    def to_bytes(self) -> bytes:
        """Return the state as one versioned blob, under 8 kB per stream."""
        names = json.dumps(self.streams).encode()
        return (
            _HEADER.pack(_MAGIC, VERSION, STREAM.itemsize, len(names))
            + names
            + _bytes_of(self.rows).tobytes()
        )

    @classmethod
    def from_bytes(cls, blob: bytes) -> ShardState:
        """Read what `to_bytes` wrote, in this version or an earlier one. Raises UnreadableState."""
        try:
            magic, version, size, length = _HEADER.unpack_from(blob)
            if magic != _MAGIC or _SIZES.get(version) != size:
                raise UnreadableState(f"state version {version} with {size} bytes per stream")
            start = _HEADER.size + length
            streams = tuple(json.loads(blob[_HEADER.size : start]))
            raw = np.frombuffer(blob, np.uint8, offset=start).copy().reshape(-1, size)
        except (struct.error, ValueError) as error:
            raise UnreadableState(str(error)) from error
        if len(streams) != len(raw):
            raise UnreadableState(f"{len(streams)} names for {len(raw)} streams")
        if version == VERSION:
            return cls(streams, raw.view(STREAM).reshape(-1))
        return cls(streams, from_version_1(raw.reshape(-1), _fresh(len(streams))))


def new_shard() -> ShardState:
    """Return the state of a shard that has seen nothing."""
    return ShardState((), np.zeros(0, STREAM))


def extended(state: ShardState, arrivals: Iterable[str]) -> ShardState:
    """Return a copy of `state` that also knows the streams `arrivals`."""
    known = set(state.streams)
    added = tuple(dict.fromkeys(name for name in arrivals if name not in known))
    raw = np.concatenate([_bytes_of(state.rows), _bytes_of(_fresh(len(added)))])
    return ShardState(state.streams + added, raw.view(STREAM).reshape(-1))


def without(state: ShardState, streams: Collection[str]) -> ShardState:
    """Return a copy of `state` that has forgotten `streams`."""
    kept = [i for i, name in enumerate(state.streams) if name not in streams]
    raw = _bytes_of(state.rows)[kept]
    return ShardState(tuple(state.streams[i] for i in kept), raw.view(STREAM).reshape(-1))


def _fresh(count: int) -> NDArray[np.void]:
    rows = np.zeros(count, STREAM)
    rows["sequence"] = np.iinfo(np.int64).min
    rows["onset"] = np.nan
    rows["ended"] = -np.inf
    rows["unfit_from"] = rows["unfit_to"] = -1
    return rows


def _bytes_of(rows: NDArray[np.void]) -> NDArray[np.uint8]:
    """Show the rows as bytes: numpy copies records field by field, slowly and without the gaps."""
    return rows.view(np.uint8).reshape(len(rows), STREAM.itemsize)
