"""Heart beats over a real WebSocket: kept by the same rules as ECG."""

import uuid

import numpy as np
import pytest
from sqlalchemy import select, text

from wearable_agg.ecg.beats import beat_bytes, read_beats
from wearable_agg.ecg.binary import encode_beats, encode_samples
from wearable_agg.ecg.frames import Beats, Samples
from wearable_agg.ecg.tables import frames, open_inbox, sessions

STRAP = {"signal": "beats", "sensor": "electric", "leads": None}


def a_slice(number, origin, beats=(100, 900)):
    told = beat_bytes(np.array(beats, np.uint16), np.full(len(beats), number % 3))
    return encode_beats(Beats(number, origin + 1_000_000 * number, 1000, told))


def send(strap, first, last, origin):
    for number in range(first, last + 1):
        strap.raw(a_slice(number, origin, () if number % 4 == 3 else (100, 900)))


@pytest.fixture
def kept(gateway):
    """What is stored: sequence, start and beats of each slice, in the order of arrival."""

    def kept():
        with gateway.inbox.connect() as connection:
            rows = connection.execute(select(frames).order_by(frames.c.id)).all()
        told = [(row, read_beats(row.counts, row.length)[0].tolist()) for row in rows]
        return [(row.sequence, row.start, offsets) for row, offsets in told]

    return kept


def whole(last, origin):
    return [(n, origin + 1_000_000 * n, [] if n % 4 == 3 else [100, 900]) for n in range(last + 1)]


def test_beats_are_kept_once_in_order_and_where_they_were(device, kept, origin):
    with device(**STRAP) as strap:
        assert strap.greet()["next"] == 0
        send(strap, 2, 3, origin)
        assert strap.hear()["expected"] == 0
        send(strap, 0, 9, origin)
        send(strap, 4, 12, origin)
        strap.acknowledged(12)
        strap.drop()
    with device(**STRAP) as strap:
        assert strap.greet()["next"] == 13
        send(strap, 13, 19, origin)
        strap.acknowledged(19)
        strap.send({"type": "bye"})
        while strap.hear()["type"] != "bye":
            pass
    assert kept()[:-1] == whole(19, origin)


def test_gap_is_kept_with_the_slice_of_beats_after_it(device, gateway, origin):
    with device(**STRAP) as strap:
        strap.greet()
        send(strap, 0, 1, origin)
        strap.send({"type": "gap", "sequence": 2, "reason": "lead_off"})
        send(strap, 2, 3, origin)
        send(strap, 4, 4, origin + 600_000)
        strap.acknowledged(4)
    with gateway.inbox.connect() as connection:
        marks = connection.execute(select(frames.c.gap_before).order_by(frames.c.id)).scalars()
        assert list(marks) == [False, False, True, False, True]


def test_a_session_carries_the_same_for_good(device):
    with device(**STRAP) as strap:
        strap.greet()
    for changes in ({}, {**STRAP, "sensor": "optical"}):
        with device(**changes) as strap:
            strap.send(strap.hello)
            assert strap.hear()["code"] == "session_changed"


def test_beats_and_ecg_are_not_taken_for_each_other_and_what_is_neither_ends_the_connection(device):
    samples = encode_samples(Samples(0, 0, 0, np.zeros(250)))
    for part in (samples, a_slice(0, 10**15)[:-1], b"\x01\xff"):
        with device(**STRAP) as strap:
            strap.greet()
            strap.raw(part)
            assert strap.hear()["code"] == "malformed"
    with device() as patch:
        patch.hello["session"] = str(uuid.uuid4())
        patch.greet()
        patch.raw(a_slice(0, 10**15))
        assert patch.hear()["code"] == "malformed"


def test_a_beats_clock_that_is_off_is_set_right(device, kept, origin):
    hour = 3_600_000_000
    with device(**STRAP) as ahead:
        ahead.hello["device_time"] += hour
        ahead.greet()
        send(ahead, 0, 2, origin + hour)
        ahead.acknowledged(2)
    assert [start - origin for _, start, _ in kept()] == pytest.approx(
        [0, 1_000_000, 2_000_000], abs=500_000
    )


def test_an_inbox_of_before_there_were_beats_is_carried_on(device, gateway, tmp_path):
    with device() as patch:
        patch.greet()
    with gateway.inbox.begin() as connection:
        for column in ("signal", "sensor"):
            connection.execute(text(f"ALTER TABLE sessions DROP COLUMN {column}"))
    for _ in range(2):
        opened = open_inbox(tmp_path / "ecg.db")
        with opened.connect() as connection:
            told = connection.execute(select(sessions.c.signal, sessions.c.sensor)).all()
        assert told == [("ecg", "electric")]
        opened.dispose()
