"""Packing takes what lies together, and a kill in the middle of it leaves all as it was."""

import multiprocessing
import os
import signal

import pytest
from sqlalchemy import event, func, select, text

from sandbox.patient.rhythm import Programme
from wearable_agg.ecg import inbox, packer
from wearable_agg.ecg.packer import Packer
from wearable_agg.ecg.segments import FRAMES
from wearable_agg.ecg.tables import frames, open_inbox, segments
from wearable_agg.store.database import writing

SINUS = Programme(1e9, 1e9)
ALL = 2**60


def go_round(place):
    packing = Packer(place.ecg, place.vault)
    while packing.step(ALL):
        pass


def count(place, table):
    with place.ecg.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def pack_and_die(place, moment):
    """Go round in this process, which kills itself as it is about to do `moment`."""
    ecg = open_inbox(place.folder / "ecg.db")

    def die(*_):
        os.kill(os.getpid(), signal.SIGKILL)

    @event.listens_for(ecg, "before_cursor_execute")
    def at_statement(_connection, _cursor, statement, *_):
        if statement.startswith(moment):
            die()

    if moment == "COMMIT":
        event.listen(ecg, "commit", lambda connection: _writes(connection) and die())
    packing = Packer(ecg, place.vault)
    while packing.step(ALL):
        pass


def _writes(connection):
    return connection.get_execution_options().get("writing")


@pytest.mark.parametrize("moment", ["INSERT", "DELETE", "COMMIT"])
def test_killed_in_the_middle_of_a_write_nothing_is_lost_or_doubled(place, moment):
    recorded = place.pair("marit-solheim", 7, SINUS, 200)
    place.store(recorded)
    place.ecg.dispose()
    dying = multiprocessing.get_context("fork").Process(target=pack_and_die, args=(place, moment))
    dying.start()
    dying.join(30)
    assert dying.exitcode == -signal.SIGKILL
    assert (count(place, segments), count(place, frames)) == (0, 200)
    go_round(place)
    assert (count(place, segments), count(place, frames)) == (3, 20)
    assert [(f.sequence, f.counts) for f in place.kept(recorded)] == [
        (f.sequence, f.counts) for f in recorded.frames
    ]


def test_streams_that_lie_together_in_the_inbox_are_packed_together(place, monkeypatch):
    monkeypatch.setattr(packer, "READ", 1)
    monkeypatch.setattr(packer, "WRITTEN", 2)
    first, second, third, fourth = (
        place.pair(f"patient-{seed}", seed, SINUS, FRAMES + 1) for seed in range(1, 5)
    )
    for pair in ((fourth, second), (third, first)):
        for at in range(FRAMES + 1):
            for recorded in pair:
                place.store(recorded, at, at + 1)
    packing = Packer(place.ecg, place.vault)
    while count(place, segments) == 0:
        packing.step(ALL)
    with place.ecg.connect() as connection:
        packed = connection.execute(select(segments.c.session)).scalars().all()
    assert set(packed) == {second.session, fourth.session}


def test_a_stream_with_more_than_is_packed_at_once_has_another_turn(place, monkeypatch):
    monkeypatch.setattr(packer, "MOST", 2 * FRAMES)
    place.store(place.pair("marit-solheim", 7, SINUS, 5 * FRAMES + 1))
    go_round(place)
    assert (count(place, segments), count(place, frames)) == (5, 1)


def test_what_was_set_aside_among_packed_beats_stays(place):
    recorded = place.strap("marit-solheim", 7, SINUS, 10 * (FRAMES + 5))
    place.store(recorded)
    with writing(place.ecg) as connection:
        inbox.quarantine(connection, {3: "damaged"})
    go_round(place)
    with place.ecg.connect() as connection:
        left = connection.execute(select(frames.c.id).order_by(frames.c.id)).scalars().all()
    assert left == [3, *range(FRAMES + 2, FRAMES + 6)]


@pytest.mark.parametrize("holes", [[], [0, 1, 40, 41, 42, 99], [*range(100)]])
def test_frames_are_found_by_their_time_with_holes_and_a_step_back_between_them(place, holes):
    recorded = place.pair("marit-solheim", 7, SINUS, 100)
    place.store(recorded)
    begins = [frame.start for frame in recorded.frames]
    begins[50] -= 1_500_000
    with writing(place.ecg) as connection:
        for number, start in enumerate(begins):
            changed = {"start": start, "number": number, "gone": number in holes}
            connection.execute(text("DELETE FROM frames WHERE :gone AND sequence=:number"), changed)
            connection.execute(
                text("UPDATE frames SET start=:start WHERE sequence=:number"), changed
            )
    for first in (-5, 0, 39, 41, 49, 50, 51, 98, 120):
        start, end = (recorded.frames[0].start + (first + more) * 1_000_000 for more in (0, 12))
        with place.ecg.connect() as connection:
            found = inbox.read_between(connection, recorded.session, 0, start, end)
        there = [n for n in range(100) if n not in holes and start <= begins[n] < end]
        assert [frame.sequence for frame in found] == there


def test_an_older_file_loses_its_second_index(place):
    with writing(place.ecg) as connection:
        connection.execute(
            text("CREATE INDEX ix_frames_session_lead_start ON frames (session, lead, start)")
        )
    place.ecg.dispose()
    again = open_inbox(place.folder / "ecg.db")
    with again.connect() as connection:
        indices = connection.execute(text("PRAGMA index_list(frames)")).all()
    again.dispose()
    assert [row.name for row in indices] == ["sqlite_autoindex_frames_1"]
