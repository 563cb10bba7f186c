"""Reading and writing frames: whatever arrives is read as meant, or refused by name."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wearable_agg.ecg.beats import beat_bytes, most_beats, read_beats
from wearable_agg.ecg.binary import decode_beats, decode_samples, encode_beats, encode_samples
from wearable_agg.ecg.frames import (
    Ack,
    Beats,
    Bye,
    Code,
    Device,
    ErrorFrame,
    Gap,
    Hello,
    ProtocolError,
    Ready,
    Samples,
    Sensor,
    beats_hello,
)
from wearable_agg.ecg.protocol import decode_control, encode_control

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
BEATS_HELLOS = st.builds(
    beats_hello,
    token=WORDS,
    session=st.uuids().map(str),
    device=st.builds(Device, WORDS, WORDS, WORDS, WORDS),
    sensor=st.sampled_from(Sensor),
    device_time=TIMES,
)
CONTROLS = st.one_of(
    HELLOS,
    BEATS_HELLOS,
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


@st.composite
def beats(draw):
    """Draw a slice of beats as a heart could give it."""
    length = draw(st.integers(1, 60_000))
    most = min(most_beats(length), length)
    offsets = draw(st.sets(st.integers(0, length - 1), max_size=most))
    kinds = draw(st.lists(st.integers(0, 2), min_size=len(offsets), max_size=len(offsets)))
    told = beat_bytes(np.array(sorted(offsets)), np.array(kinds))
    return Beats(draw(SEQUENCES), draw(TIMES), length, told)


@given(beats())
def test_beats_frame_is_read_as_written(frame):
    assert decode_beats(encode_beats(frame)) == frame


def a_beats_frame(offsets, length, kind=0, mark=255):
    told = beat_bytes(np.array(offsets), np.full(len(offsets), kind))
    raw = bytearray(encode_beats(Beats(7, 1_795_298_400_000_000, length, told)))
    raw[1] = mark
    return bytes(raw)


@pytest.mark.parametrize(
    "raw",
    [
        a_beats_frame([500, 500], 1000),
        a_beats_frame([700, 300], 1000),
        a_beats_frame([1000], 1000),
        a_beats_frame([0], 0),
        a_beats_frame([0], 1000, kind=3),
        a_beats_frame([0, 1, 2, 3, 4, 5], 1000),
        a_beats_frame(range(0, 60_000, 199), 60_000),
        a_beats_frame([0], 1000, mark=0),
        a_beats_frame([0], 1000)[:-1],
        a_beats_frame([0], 1000) + b"\x00",
        b"\x01\xff",
    ],
)
def test_beats_that_no_heart_gave_are_malformed(raw):
    assert outcome(decode_beats, raw) is Code.MALFORMED


def test_a_slice_of_beats_longer_than_a_minute_is_too_large():
    assert outcome(decode_beats, a_beats_frame([0], 60_000)).length == 60_000
    assert outcome(decode_beats, a_beats_frame([0], 60_001)) is Code.TOO_LARGE


def test_as_many_beats_as_a_heart_could_give_are_read():
    assert (
        len(read_beats(decode_beats(a_beats_frame(range(0, 60_000, 200), 60_000)).beats, 60_000)[0])
        == 300
    )


@given(st.binary(max_size=200) | st.binary(max_size=99).map(lambda tail: b"\x01\xff" + tail))
def test_any_bytes_are_read_as_beats_or_refused(raw):
    match outcome(decode_beats, raw):
        case Beats(beats=told, length=length):
            assert len(told) == len(raw) - 18
            assert all(offset < length for offset in read_beats(told, length)[0])
        case refused:
            assert refused in (Code.MALFORMED, Code.UNSUPPORTED_VERSION, Code.TOO_LARGE)


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


@given(BEATS_HELLOS, st.sampled_from(["signal", "sensor", "leads", "device"]), JSON)
def test_hello_of_beats_with_any_member_replaced_is_read_or_refused(hello, member, value):
    document = json.loads(encode_control(hello)) | {member: value}
    result = outcome(decode_control, json.dumps(document))
    assert result is Code.MALFORMED or (isinstance(result, Hello) and result.signal == "beats")


@pytest.mark.parametrize("changes", [{"sensor": None}, {"sensor": "lidar"}, {"signal": "ppg"}])
def test_a_hello_of_beats_says_what_finds_them(changes):
    hello = beats_hello("t", SESSION, Device("v", "m", "n"), Sensor.OPTICAL, 0)
    document = json.loads(encode_control(hello)) | changes
    assert outcome(decode_control, json.dumps(document)) is Code.MALFORMED


def test_whole_numbers_beyond_any_float_are_refused():
    digits = "9" * 350
    with pytest.raises(ProtocolError):
        decode_control(f'{{"type":"hello","version":1,"rate":{digits},"gain":{digits}}}')


def test_oversized_frames_are_refused():
    with pytest.raises(ProtocolError) as refused:
        decode_samples(bytes(65537))
    assert refused.value.code is Code.TOO_LARGE


def test_worked_example_of_the_page_is_true():
    lines = re.findall(r"device  -> (01 00 [0-9a-f ]+)$", PAGE, re.MULTILINE)
    read = [decode_samples(bytes.fromhex(line)) for line in lines]
    assert [frame.sequence for frame in read] == [0, 1, 2]
    assert [frame.device_time for frame in read] == [1795298400000000 + k * 16000 for k in range(3)]
    assert read[0].counts.tolist() == [10, -20, 30, -32768]


def intervals(notification):
    """Read RR intervals, in 1/1024 s, as Bluetooth's heart rate service tells them."""
    flags = notification[0]
    begin = 2 + (flags & 1) + 2 * (flags >> 3 & 1)
    return np.frombuffer(notification[begin:], "<u2").tolist() if flags & 16 else []


def test_worked_example_of_beats_is_true():
    lines = re.findall(r"device  -> (01 ff [0-9a-f ]+)$", PAGE, re.MULTILINE)
    notifications = re.findall(r"^(10 4[0-9a-f ]+?)  +RR", PAGE, re.MULTILINE)
    first, second = (intervals(bytes.fromhex(line)) for line in notifications)
    beats = np.cumsum([0, *first, *second]) * 1e6 / 1024
    beats = 1795298400000000 + beats - beats[len(first)]
    begin, made = int(beats[0]), []
    for number, told in enumerate((beats[: len(first) + 1], beats[len(first) + 1 :])):
        offsets = ((told - begin) / 1000).astype(int)
        length = int(offsets[-1]) + 1
        made.append(Beats(number, begin, length, beat_bytes(offsets, np.zeros_like(offsets))))
        begin += 1000 * length
    made.append(Beats(2, begin, 10_000, b""))
    assert [decode_beats(bytes.fromhex(line)) for line in lines] == made


def test_page_names_every_error_code_and_whether_it_is_fatal():
    rows = re.findall(r"^\| `(\w+)` \| (no|yes) \|", PAGE, re.MULTILINE)
    assert {code for code, _ in rows} == {str(code) for code in Code}
    assert {code for code, fatal in rows if fatal == "no"} == {"out_of_sequence", "rate_mismatch"}
