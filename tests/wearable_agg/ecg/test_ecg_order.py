"""A session followed without I/O: any mixture of repeats, losses and reconnects."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wearable_agg.ecg.clock import first_clock
from wearable_agg.ecg.frames import (
    BEATS_RATE,
    Beats,
    Code,
    Device,
    Gap,
    Hello,
    ProtocolError,
    Samples,
    Sensor,
    beats_hello,
)
from wearable_agg.ecg.stream import OutOfSequence, Stream

NOW = 1_795_298_400_000_000


def a_stream(leads=("I",)):
    hello = Hello("t", "s", Device("v", "m", "n"), leads, 250.0, 2.5, NOW)
    return Stream(hello, first_clock(250.0, NOW, NOW), 0)


def a_slice(number, lead=0, count=250):
    return Samples(lead, number, NOW + number * 1_000_000, np.full(count, number, np.int16))


def taken(stream, numbers):
    for number in numbers:
        with suppress(OutOfSequence):
            frame = stream.take(a_slice(number), NOW + 3_600_000_000)
            if frame is not None:
                yield frame.sequence


def test_slice_out_of_sequence_names_the_one_that_is_due():
    stream = a_stream()
    assert list(taken(stream, [0, 1])) == [0, 1]
    with pytest.raises(OutOfSequence) as problem:
        stream.take(a_slice(3), NOW)
    assert problem.value.expected == 2


@given(st.lists(st.integers(0, 12), max_size=80))
def test_frames_are_taken_once_and_in_order(numbers):
    result = list(taken(a_stream(), numbers))
    assert result == list(range(len(result)))


@given(st.lists(st.integers(0, 6), max_size=30))
def test_all_are_taken_in_the_end_whatever_came_before(numbers):
    stream = a_stream()
    before = list(taken(stream, numbers))
    assert before + list(taken(stream, range(7))) == list(range(7))


def test_gap_that_is_announced_again_after_its_slice_marks_nothing():
    stream = a_stream()
    assert list(taken(stream, [0, 1, 2])) == [0, 1, 2]
    stream.mark(Gap(1, ""))
    frame = stream.take(a_slice(3), NOW + 3_600_000_000)
    assert frame is not None
    assert not frame.gap_before


def refused(stream, samples):
    with pytest.raises(ProtocolError) as error:
        stream.take(samples, NOW)
    return error.value.code


def test_lead_that_was_not_announced_is_refused():
    assert refused(a_stream(), a_slice(0, lead=1)) is Code.MALFORMED


def test_slice_longer_than_ten_seconds_is_refused():
    assert refused(a_stream(), a_slice(0, count=2501)) is Code.TOO_LARGE


def test_leads_of_a_slice_must_agree():
    stream = a_stream(("I", "II"))
    stream.take(a_slice(0), NOW)
    assert refused(stream, a_slice(0, lead=1, count=249)) is Code.MALFORMED


def beats_stream():
    hello = beats_hello("t", "s", Device("v", "m", "n"), Sensor.ELECTRIC, NOW)
    return Stream(hello, first_clock(BEATS_RATE, NOW, NOW, sampled=False), 0)


@given(st.lists(st.integers(0, 500), max_size=40))
def test_beats_stay_when_the_device_says_and_only_its_word_or_a_jump_is_a_gap(pauses):
    stream, at = beats_stream(), NOW
    for number, pause in enumerate(pauses):
        at += 1000 * pause
        frame = stream.take(Beats(number, at, 800, b""), NOW + 3_600_000_000)
        assert frame is not None
        assert (frame.start, frame.rate, frame.length) == (at, BEATS_RATE, 800)
        assert not frame.gap_before
        at += 800_000
    stream.mark(Gap(len(pauses), ""))
    frames = [
        stream.take(Beats(len(pauses) + n, at + n * 1_400_000, 800, b""), NOW + 3_600_000_000)
        for n in range(2)
    ]
    assert [frame.gap_before for frame in frames if frame is not None] == [True, True]


def test_slice_of_beats_longer_than_a_minute_is_refused():
    assert refused(beats_stream(), Beats(0, NOW, 60_001, b"")) is Code.TOO_LARGE
