"""States of earlier versions, read and carried on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_HISTORY = 128

_VERSION_1 = np.dtype(
    [
        ("sequence", "i8"),
        ("rate", "f8"),
        ("anchor_index", "i8"),
        ("anchor_time", "f8"),
        ("index", "i8"),
        ("detector", "V2932"),
        ("block", "i4"),
        ("filled", "i4"),
        ("gate", "V36"),
        ("last_beat", "i8"),
        ("chain", "i4"),
        ("words", "V540"),
        ("times", "f8", (_HISTORY,)),
        ("intervals", "f4", (_HISTORY,)),
        ("beat_head", "i4"),
        ("beat_count", "i4"),
        ("onset", "f8"),
        ("ended", "f8"),
        ("fibrillating", "i1"),
        ("reported", "i1"),
        ("unused", "V14"),
        ("unreported", "f8"),
        ("older_beats", "i8"),
        ("older_seconds", "f8"),
        ("older_max_rate", "f8"),
        ("analysed_from", "f8"),
        ("recorded", "f8"),
        ("analysable", "f8"),
        ("fibrillated", "f8"),
    ]
)
"""One stream of version 1; what has no successor is left unread."""

_KEPT = (
    "sequence",
    "rate",
    "anchor_index",
    "anchor_time",
    "index",
    "block",
    "filled",
    "last_beat",
    "onset",
    "ended",
    "fibrillating",
    "reported",
    "unreported",
    "older_beats",
    "older_seconds",
    "older_max_rate",
    "analysed_from",
    "recorded",
    "analysable",
    "fibrillated",
)

SIZES = {1: _VERSION_1.itemsize}
"""Bytes per stream of the versions that can be read."""


def from_version_1(old: NDArray[np.uint8], fresh: NDArray[np.void]) -> NDArray[np.void]:
    """Carry rows of version 1 over into `fresh` rows of this version.

    The clock, the beats, an episode under way and the time not yet reported go on; the detector
    learns anew from the next chunk, as after a gap.
    """
    before = old.view(_VERSION_1)
    for name in _KEPT:
        fresh[name] = before[name]
    for new, row in zip(fresh, before, strict=True):
        order = (row["beat_head"] + np.arange(row["beat_count"])) % _HISTORY
        new["times"][: len(order)] = row["times"][order]
        new["intervals"][: len(order)] = row["intervals"][order]
        new["beat_count"] = len(order)
    fresh["chain"] = -1
    fresh["level"] = fresh["fibrillating"]
    fresh["onset"][fresh["fibrillating"] == 0] = np.nan
    return fresh
