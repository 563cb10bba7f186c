"""ECG that was analysed is kept once, packed, and still gives the same evidence."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import func, select, text, update

from sandbox.patient.rhythm import Programme
from wearable_agg.ecg import inbox, packer
from wearable_agg.ecg import segments as packing
from wearable_agg.ecg.packing import packed
from wearable_agg.ecg.tables import frames, segments
from wearable_agg.engine import embedded
from wearable_agg.engine.chunks import ANALYSED_LEAD
from wearable_agg.store.findings_tables import strips

PAROXYSM = Programme(600, 1e9)
SECONDS = 1500


def tidy(engine):
    while engine.tidy():
        pass


def samples_of(place, recorded):
    when = (ANALYSED_LEAD, 0, 2**60)
    with place.ecg.connect() as connection:
        session = inbox.sessions_by_id(connection, [recorded.session])[recorded.session]
        kept = packing.between(connection, place.vault, session, *when)
        return kept, [*kept, *inbox.read_between(connection, session.id, *when)]


def count(place, table):
    with place.ecg.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


@pytest.fixture
def recorded(place):
    made = place.pair("marit-solheim", 7, PAROXYSM, SECONDS)
    place.store(made)
    return made


def test_frames_become_segments_and_every_sample_is_there_once(place, recorded, run_to_end):
    engine = place.engine()
    run_to_end(engine)
    tidy(engine)
    assert count(place, segments) == 0
    engine.save()
    tidy(engine)
    assert count(place, frames) <= packing.FRAMES + 1
    kept, every = samples_of(place, recorded)
    assert len(kept) >= SECONDS - packing.FRAMES - 1
    assert [(f.sequence, f.counts, f.checksum) for f in every] == [
        (f.sequence, f.counts, f.checksum) for f in recorded.frames
    ]
    assert max(abs(a.start - b.start) for a, b in zip(every, recorded.frames, strict=True)) <= 4000


def test_what_is_not_analysed_for_good_is_not_packed(place, recorded, monkeypatch):
    monkeypatch.setattr(embedded, "BATCH", 500)
    engine = place.engine()
    engine.advance()
    engine.save()
    engine.advance()
    tidy(engine)
    kept, _ = samples_of(place, recorded)
    assert max(frame.sequence for frame in kept) < 500


def test_evidence_is_the_same_from_segments(place, places, run_to_end, monkeypatch):
    monkeypatch.setattr(embedded, "BATCH", 300)
    calm = places()
    for here in (calm, place):
        here.store(here.pair("marit-solheim", 7, PAROXYSM, SECONDS))
    run_to_end(calm.engine())
    engine = place.engine()
    while engine.advance():
        engine.save()
        tidy(engine)
    [expected], [made] = (strips_of(here) for here in (calm, place))
    assert made == expected


def strips_of(place):
    with place.wearables.connect() as connection:
        return [tuple(row)[1:] for row in connection.execute(select(strips))]


def test_a_device_that_comes_back_goes_on_where_it_stood(place, recorded, run_to_end):
    engine = place.engine()
    run_to_end(engine)
    engine.save()
    tidy(engine)
    with place.ecg.connect() as connection:
        session = inbox.sessions_by_id(connection, [recorded.session])[recorded.session]
        assert inbox.next_sequence(connection, session) == SECONDS
        latest = inbox.latest_frame(connection, session, SECONDS)
    assert latest == recorded.frames[-1]


def test_a_gap_begins_another_segment(place, run_to_end):
    made = place.pair("marit-solheim", 7, PAROXYSM, 400)
    place.store(made, 0, 90)
    place.store(made, 200, 400)
    engine = place.engine()
    run_to_end(engine)
    engine.save()
    tidy(engine)
    with place.ecg.connect() as connection:
        rows = connection.execute(select(segments).order_by(segments.c.start)).all()
    assert [row.length // row.frame_length for row in rows] == [60, 30, 60, 60, 60]


def test_a_damaged_segment_is_left_out(place, recorded, run_to_end):
    engine = place.engine()
    run_to_end(engine)
    engine.save()
    tidy(engine)
    with place.ecg.begin() as connection:
        connection.execute(update(segments).where(segments.c.id == 2).values(checksum=1))
        connection.execute(text("UPDATE segments SET samples = x'00' WHERE id = 4"))
    kept, _ = samples_of(place, recorded)
    numbers = np.array([frame.sequence for frame in kept])
    assert not np.any((numbers >= 60) & (numbers < 120))
    assert not np.any((numbers >= 180) & (numbers < 240))
    assert np.sum(numbers < 60) == 60


def test_packed_samples_are_sealed_for_their_place(place, recorded, run_to_end):
    engine = place.engine()
    run_to_end(engine)
    engine.save()
    tidy(engine)
    plain = recorded.frames[0].counts[:64]
    with place.ecg.begin() as connection:
        rows = connection.execute(select(segments.c.samples)).scalars().all()
        assert all(packing.is_sealed(samples) and plain not in samples for samples in rows)
        moved = update(segments).where(segments.c.id == 1).values(samples=rows[1])
        connection.execute(moved)
    kept, _ = samples_of(place, recorded)
    assert min(frame.sequence for frame in kept) == packing.FRAMES


def test_segments_from_before_they_were_sealed_are_read(place, recorded, run_to_end):
    engine = place.engine()
    run_to_end(engine)
    engine.save()
    tidy(engine)
    counts = b"".join(frame.counts for frame in recorded.frames[: packing.FRAMES])
    unsealed = packed(np.frombuffer(counts, "<i2"))
    with place.ecg.begin() as connection:
        connection.execute(update(segments).where(segments.c.id == 1).values(samples=unsealed))
    kept, _ = samples_of(place, recorded)
    assert [one.counts for one in kept[:3]] == [one.counts for one in recorded.frames[:3]]


def test_many_streams_are_packed_in_turn(place, run_to_end, monkeypatch):
    for name, value in {"READ": 100, "WRITTEN": 2, "MOST": 120, "SESSIONS": 3}.items():
        monkeypatch.setattr(packer, name, value)
    for seed in range(5):
        place.store(place.pair(f"patient-{seed}", seed + 1, Programme(1e9, 1e9), 200))
    engine = place.engine()
    run_to_end(engine)
    engine.save()
    tidy(engine)
    assert count(place, segments) == 15
    assert engine.tidy() is False
