from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from made_ecg import BEGIN, chunks, ecg, follow, irregular, of_type, regular

from config import clinical
from wearable_agg.afib.kernel import fingerprint
from wearable_agg.afib.migration import _VERSION_1
from wearable_agg.afib.rules import configured
from wearable_agg.afib.state import STREAM, ShardState, UnreadableState, new_shard
from wearable_agg.afib.step import Trace, finish, step
from wearable_agg.afib.types import Analysed, Chunk, EpisodeEnded


def test_analysis_goes_on_after_the_bytes_as_if_never_interrupted(
    paroxysm: list[Chunk], analysed_paroxysm: Trace
) -> None:
    state, events = new_shard(), []
    for first in range(0, len(paroxysm), 30):
        state = ShardState.from_bytes(state.to_bytes())
        state, more = step(state, paroxysm[first : first + 30])
        events += more
    assert events == analysed_paroxysm.events
    assert state.to_bytes() == analysed_paroxysm.state.to_bytes()


def test_a_stream_takes_under_8_kilobytes() -> None:
    pieces = [
        piece
        for number in range(20)
        for piece in chunks(ecg(regular(3.0), 3.0, 1000.0), 1000.0, stream=f"stream-{number}")
    ]
    assert len(step(new_shard(), pieces)[0].to_bytes()) < 20 * 8000


def test_the_state_knows_the_last_sequence_of_each_stream() -> None:
    state = follow(chunks(ecg(regular(5.0), 5.0), sequence=100)).state
    assert state.last_sequence("s") == 104
    assert state.last_sequence("unknown") is None
    assert dict(state.last_sequences()) == {"s": 104}


def version_1(rows: int) -> bytes:
    """Return bytes as version 1 wrote them, of streams with an episode under way."""
    old = np.zeros(rows, _VERSION_1)
    old["sequence"], old["rate"], old["anchor_time"], old["index"] = 7, 250.0, BEGIN, 25_000
    beats = BEGIN + 40.0 + irregular(60.0)
    count = len(beats)
    old["times"][:, :count] = beats
    old["intervals"][:, 1:count] = np.diff(beats)
    old["beat_head"], old["beat_count"] = 5, count - 5
    old["fibrillating"] = old["reported"] = 1
    old["onset"], old["analysed_from"] = BEGIN + 10.0, BEGIN + 60.0
    names = json.dumps([str(i) for i in range(rows)]).encode()
    head = struct.pack("<4sHII", b"WAFS", 1, _VERSION_1.itemsize, len(names))
    return head + names + old.tobytes()


def test_a_state_of_version_1_goes_on() -> None:
    state = ShardState.from_bytes(version_1(2))
    assert state.last_sequence("1") == 7
    beats = BEGIN + 40.0 + irregular(60.0)[5:]
    assert state.rows["times"][1, : len(beats)].tolist() == beats.tolist()
    (ended,) = of_type(EpisodeEnded, finish(state, ["0"])[1])
    assert (ended.onset, ended.end) == (BEGIN + 10.0, BEGIN + 100.0)


def test_the_stream_of_version_1_is_analysed_on_without_a_break_in_time() -> None:
    state = ShardState.from_bytes(version_1(1))
    pieces = chunks(
        ecg(irregular(60.0), 60.0), stream="0", start=BEGIN + 100.0, sequence=8, seconds=10.0
    )
    after = follow(pieces, state)
    assert of_type(EpisodeEnded, after.events) == []
    reports = of_type(Analysed, after.events)
    assert reports[0].start == BEGIN + 60.0
    assert after.state.rows["onset"][0] == BEGIN + 10.0


@pytest.mark.parametrize("blob", [b"", b"nothing of ours", b"WAFS\x00\x63" + bytes(40)])
def test_bytes_of_another_version_are_refused(blob: bytes) -> None:
    with pytest.raises(UnreadableState):
        ShardState.from_bytes(blob)


def test_bytes_cut_short_are_refused() -> None:
    blob = follow(chunks(ecg(regular(5.0), 5.0))).state.to_bytes()
    with pytest.raises(UnreadableState):
        ShardState.from_bytes(blob[: -STREAM.itemsize])


def test_every_rule_has_a_unit_and_a_source() -> None:
    facts = clinical.load("rhythm")
    entries = [entry for topic in facts.values() for entry in topic.values()]
    assert len(entries) == len(configured()._fields)
    assert all(entry["source"] and entry["unit"] for entry in entries)


def test_a_change_in_any_source_makes_another_kernel(tmp_path: Path) -> None:
    (tmp_path / "kernel.py").write_text("same")
    (tmp_path / "zhou.py").write_text("one rule")
    before = fingerprint(tmp_path)
    (tmp_path / "zhou.py").write_text("another rule")
    assert fingerprint(tmp_path) != before
