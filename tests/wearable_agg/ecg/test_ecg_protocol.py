"""Reading and writing frames: whatever arrives is read as meant, or refused by name."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wearable_agg.ecg.frames import (
    Ack,
    Bye,
    Code,
    Device,
    ErrorFrame,
    Gap,
    Hello,
    ProtocolError,
    Ready,
    Samples,
)
from wearable_agg.ecg.protocol import (
    decode_control,
    decode_samples,
    encode_control,
    encode_samples,
)

PAGE = (Path(__file__).parents[3] / "docs" / "ecg-stream.md").read_text("utf-8")
SESSION = "6f8f2f5e-5c0c-4f1b-9a51-0f4f5f0b7a11"
TIMES = st.integers(0, 4_102_444_800_000_000)
SEQUENCES = st.integers(0, 0xFFFFFFFF)
WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=200)
HELLOS = st.builds(
    Hello,
    token=WORDS,
    session=st.uuids().map(str),
    device=st.builds(Device, WORDS, WORDS, WORDS, WORDS),
    leads=st.lists(
        st.from_regex(r"[A-Za-z0-9+./_-]{1,16}", fullmatch=True),
        min_size=1,
        max_size=12,
        unique=True,
    ).map(tuple),
    rate=st.floats(100, 1000),
    gain=st.floats(0.001, 1000),
    device_time=TIMES,
)
CONTROLS = st.one_of(
    HELLOS,
    st.builds(Ready, st.uuids().map(str), SEQUENCES, st.integers(0, 0xFFFF), TIMES),
    st.builds(Ack, SEQUENCES),
    st.builds(Gap, SEQUENCES, WORDS),
    st.builds(ErrorFrame, st.sampled_from(Code), WORDS, st.booleans(), st.none() | SEQUENCES),
    st.builds(Bye, WORDS),
)


@given(CONTROLS)
def test_control_frame_is_read_as_written(frame):
    assert decode_control(encode_control(frame)) == frame


@given(st.integers(0, 255), SEQUENCES, TIMES, st.lists(st.integers(-32768, 32767), min_size=1))
def test_sample_frame_is_read_as_written(lead, sequence, time, counts):
    frame = Samples(lead, sequence, time, np.array(counts, np.int16))
    read = decode_samples(encode_samples(frame))
    assert (read.lead, read.sequence, read.device_time) == (lead, sequence, time)
    assert read.counts.tolist() == counts


def outcome(reader, raw):
    """Return what was read, or the code it was refused with."""
    try:
        return reader(raw)
    except ProtocolError as error:
        return error.code


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: b"\x01" + tail))
def test_any_bytes_are_read_or_refused(raw):
    match outcome(decode_samples, raw):
        case Samples(counts=counts):
            assert 2 * len(counts) == len(raw) - 16
        case refused:
            assert refused in (Code.MALFORMED, Code.UNSUPPORTED_VERSION)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)


@given(st.text(max_size=300) | st.binary(max_size=300))
def test_any_text_is_read_or_refused(raw):
    with pytest.raises(ProtocolError):
        decode_control(raw)


@given(HELLOS, st.sampled_from(sorted(Hello.__dataclass_fields__)), JSON)
def test_hello_with_any_member_replaced_is_read_or_refused(hello, member, value):
    document = json.loads(encode_control(hello)) | {member: value}
    result = outcome(decode_control, json.dumps(document))
    assert isinstance(result, Hello) or result is Code.MALFORMED


def test_whole_numbers_beyond_any_float_are_refused():
    digits = "9" * 350
    with pytest.raises(ProtocolError):
        decode_control(f'{{"type":"hello","version":1,"rate":{digits},"gain":{digits}}}')


def test_oversized_frames_are_refused():
    with pytest.raises(ProtocolError) as refused:
        decode_samples(bytes(65537))
    assert refused.value.code is Code.TOO_LARGE


def test_worked_example_of_the_page_is_true():
    lines = re.findall(r"device  -> (01 [0-9a-f ]+)$", PAGE, re.MULTILINE)
    read = [decode_samples(bytes.fromhex(line)) for line in lines]
    assert [frame.sequence for frame in read] == [0, 1, 2]
    assert [frame.device_time for frame in read] == [1795298400000000 + k * 16000 for k in range(3)]
    assert read[0].counts.tolist() == [10, -20, 30, -32768]


def test_page_names_every_error_code_and_whether_it_is_fatal():
    rows = re.findall(r"^\| `(\w+)` \| (no|yes) \|", PAGE, re.MULTILINE)
    assert {code for code, _ in rows} == {str(code) for code in Code}
    assert {code for code, fatal in rows if fatal == "no"} == {"out_of_sequence", "rate_mismatch"}
