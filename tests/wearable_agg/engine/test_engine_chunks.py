"""Frames become millivolts; strips are cut where the signal is whole."""

import zlib
from dataclasses import replace

import numpy as np
import pytest

from wearable_agg.ecg.frames import Device
from wearable_agg.ecg.inbox import Session
from wearable_agg.ecg.stream import Frame
from wearable_agg.engine.chunks import SHARDS, Unusable, chunk, session_of, shard_of, stream_name
from wearable_agg.engine.strips import lead_code, unbroken

SESSION = Session(
    1, "abc", "t", "i", "p", Device("v", "m", "s"), ("V5", "I"), 250.0, 5.0, 250.0, 0, None
)


def frame(counts, second=0, gap=False):
    raw = np.array(counts, "<i2").tobytes()
    micros = second * 1_000_000
    return Frame(0, second, micros, 0, micros, 250.0, len(counts), raw, zlib.crc32(raw), gap)


def seconds(run):
    return [one.sequence for one in run]


def whole(second, gap=False):
    return frame([1] * 250, second, gap)


def test_counts_become_millivolts_and_absent_readings_nan():
    samples = chunk(SESSION, frame([100, -200, -32768])).samples
    assert samples[:2].tolist() == pytest.approx([0.5, -1.0])
    assert np.isnan(samples[2])


def test_stream_is_named_by_session_and_first_lead():
    assert stream_name(SESSION) == "abc/V5"
    assert session_of("abc/V5") == "abc"


def test_shard_of_a_stream_never_changes():
    assert shard_of("abc/V5") == zlib.crc32(b"abc/V5") % SHARDS == 0


@pytest.mark.parametrize(
    "damage", [{"length": 4}, {"counts": b"\x01\x00\x03\x00"}, {"rate": 99.0}, {"rate": np.nan}]
)
def test_damaged_frame_is_unusable(damage):
    with pytest.raises(Unusable):
        chunk(SESSION, replace(frame([1, 2]), **damage))


def test_runs_break_at_gaps_jumps_and_absent_readings():
    frames = [whole(0), whole(1), whole(2, gap=True), whole(5), frame([-32768] * 250, 6), whole(7)]
    assert [seconds(run) for run in unbroken(frames)] == [[0, 1], [2], [5], [7]]


@pytest.mark.parametrize(("lead", "code"), [("I", "131329"), ("aVF", "131392"), ("MLII", "131328")])
def test_leads_have_codes(lead, code):
    assert lead_code(lead) == code
