"""What the engine makes of an hour of ECG, whatever happens to it on the way."""

import random
import time

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from sandbox.patient.rhythm import Programme
from wearable_agg.delivery.findings import list_findings, strip
from wearable_agg.ecg.tables import frames, quarantined
from wearable_agg.engine import backlog, checkpoints, embedded
from wearable_agg.people import consents
from wearable_agg.store.database import writing
from wearable_agg.store.engine_tables import engine_checkpoints
from wearable_agg.store.findings_tables import episodes, strips

ORIGIN = 1_795_294_800_000_000
SINUS = Programme(1e9, 1e9)
ONSET, END = 2100, 3000
PAROXYSM = Programme(ONSET, END)


@pytest.fixture
def paroxysm(place):
    recorded = place.pair("marit-solheim", 7, PAROXYSM, 3600)
    place.store(recorded)
    return recorded


def episodes_of(place):
    with place.wearables.connect() as connection:
        return connection.execute(select(episodes).order_by(episodes.c.onset)).all()


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_hour_with_a_paroxysm_holds_one_episode_where_it_was(place, run_to_end, seed):
    place.store(place.pair("marit-solheim", seed, PAROXYSM, 3600))
    run_to_end(place.engine())
    [episode] = episodes_of(place)
    assert abs((episode.onset - ORIGIN) / 1e6 - ONSET) < 120
    assert abs((episode.end - ORIGIN) / 1e6 - END) < 120
    assert 90 < episode.mean_rate < 130


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_hour_of_sinus_rhythm_holds_none(place, run_to_end, seed):
    place.store(place.pair("jonas-berg", seed, SINUS, 3600))
    run_to_end(place.engine())
    assert place.wrote()["episodes"] == []
    assert place.wrote()["findings"] == []


def test_stored_hour_is_through_in_three_seconds(place, paroxysm, run_to_end):
    engine = place.engine()
    began = time.perf_counter()
    run_to_end(engine)
    assert time.perf_counter() - began < 3


def test_all_that_was_recorded_is_accounted_for(place, paroxysm, run_to_end):
    run_to_end(place.engine())
    minutes = place.wrote()["analysed"]
    assert 3500 < sum(row[5] for row in minutes) <= 3600


def test_finding_comes_with_half_a_minute_of_ecg_inside_the_episode(place, paroxysm, run_to_end):
    run_to_end(place.engine())
    [episode] = episodes_of(place)
    with place.wearables.connect() as connection:
        [finding] = list_findings(connection, episode.person_id)
        shown = strip(connection, episode.person_id, finding["id"])
        stored = connection.execute(select(strips)).one()
    assert len(shown["samples"]) == pytest.approx(30 * shown["rate"], abs=2)
    assert (shown["lead"], shown["lead_code"]) == ("I", "131329")
    assert episode.onset <= stored.start <= episode.detected_at - 29_000_000


def test_finding_tells_its_probability_and_the_numbers_behind_it(place, paroxysm, run_to_end):
    run_to_end(place.engine())
    [episode] = episodes_of(place)
    with place.wearables.connect() as connection:
        [finding] = list_findings(connection, episode.person_id)
    assert finding["probability"] > 0.6
    numbers = {one["name"]: one["value"] for one in finding["evidence"]}
    assert numbers["mode_share"] < 0.5 < numbers["likeness"]
    assert numbers["cosen"] > -1.4


def test_engine_that_starts_again_from_nothing_writes_the_same(place, paroxysm, run_to_end):
    run_to_end(place.engine())
    before = place.wrote()
    run_to_end(place.engine())
    assert place.wrote() == before


@pytest.mark.parametrize("seed", range(2))
def test_crashes_at_any_batch_change_nothing(place, places, run_to_end, monkeypatch, seed):
    chance = random.Random(seed)  # noqa: S311
    monkeypatch.setattr(embedded, "BATCH", chance.choice([61, 251, 600]))
    calm = places()
    for here in (place, calm):
        store_in_turn(here, chance=random.Random(seed))  # noqa: S311
    run_to_end(calm.engine())
    monkeypatch.setattr(embedded, "CHECKPOINT_SECONDS", 0.0)
    engine = place.engine()
    while engine.advance():
        while chance.random() < 0.7 and engine.record():
            pass
        if chance.random() < 0.1:
            engine.save()
        if chance.random() < 0.2:
            engine = place.engine()
    run_to_end(engine)
    assert place.wrote() == calm.wrote()
    assert len(episodes_of(place)) == 4


def store_in_turn(place, chance):
    """Store three patients' ECG bit by bit, one after another; amid an episode one says bye."""
    first, second, third = (
        place.pair(f"patient-{seed}", seed, Programme(200, 800), 1000) for seed in (7, 8, 9)
    )
    for begin in range(0, 1000, 200):
        for recorded in chance.sample([first, second, third], 3):
            place.store(recorded, begin, begin + 200)
        if begin == 400:
            place.bye(second)


def test_shards_are_saved_in_turn_and_each_goes_on_from_its_own_place(
    place, paroxysm, run_to_end, monkeypatch
):
    monkeypatch.setattr(embedded, "BATCH", 400)
    monkeypatch.setattr(embedded, "CHECKPOINT_SECONDS", 0.0)
    engine = place.engine()
    for _ in range(4):
        engine.advance()
        while engine.record():
            pass
    with place.wearables.connect() as connection:
        cursors = [one.cursor for one in checkpoints.load(connection)]
    assert sorted(cursors) == [0, 0, 0, 0, 400, 800, 1200, 1600]
    monkeypatch.setattr(embedded, "BATCH", 5000)
    run_to_end(place.engine())
    assert len(episodes_of(place)) == 1
    assert sum(row[5] for row in place.wrote()["analysed"]) > 3500


def test_no_checkpoint_is_saved_before_what_it_rests_on(place, paroxysm, run_to_end, monkeypatch):
    monkeypatch.setattr(embedded, "BATCH", 5000)
    monkeypatch.setattr(embedded, "CHECKPOINT_SECONDS", 0.0)
    engine = place.engine()
    for _ in range(embedded.SHARDS):
        engine.advance()
    assert place.wrote()["analysed"] == []
    with place.wearables.connect() as connection:
        assert {one.cursor for one in checkpoints.load(connection)} == {0}
    assert engine.record()
    run_to_end(engine)
    with place.wearables.connect() as connection:
        assert {one.cursor for one in checkpoints.load(connection)} == {3600}


def test_what_waits_while_batches_follow_each_other_is_bounded(place, monkeypatch):
    monkeypatch.setattr(embedded, "MOST_WAITING", 3)
    monkeypatch.setattr(backlog, "MINUTES_AT_ONCE", 1)
    monkeypatch.setattr(embedded, "BATCH", 100)
    place.store(place.pair("jonas-berg", 7, SINUS, 660))
    engine = place.engine()
    while engine.advance():
        pass
    before = len(place.wrote()["analysed"])
    while engine.record():
        pass
    assert 0 < len(place.wrote()["analysed"]) - before <= 3


def test_checkpoint_of_the_first_version_is_read(place, paroxysm, run_to_end, monkeypatch):
    monkeypatch.setattr(embedded, "BATCH", 3000)
    first = place.engine()
    first.advance()
    first.save()
    with place.wearables.begin() as connection:
        connection.execute(update(engine_checkpoints).values(version=1))
    with place.ecg.begin() as connection:
        connection.execute(text("DELETE FROM frames WHERE sequence < 3000"))
    run_to_end(place.engine())
    [episode] = episodes_of(place)
    assert abs((episode.end - ORIGIN) / 1e6 - END) < 120


def test_saved_place_is_where_it_goes_on(place, paroxysm, run_to_end, monkeypatch):
    monkeypatch.setattr(embedded, "BATCH", 1000)
    first = place.engine()
    first.advance()
    first.save()
    with place.ecg.begin() as connection:
        connection.execute(text("DELETE FROM frames WHERE sequence < 1000"))
    run_to_end(place.engine())
    [episode] = episodes_of(place)
    assert abs((episode.onset - ORIGIN) / 1e6 - ONSET) < 120


def test_streams_do_not_disturb_each_other(place, run_to_end):
    sick = place.pair("marit-solheim", 7, PAROXYSM, 3600)
    well = [place.pair(f"patient-{seed}", seed, SINUS, 3600) for seed in (21, 22)]
    for first in range(0, 3600, 600):
        for recorded in (sick, *well):
            place.store(recorded, first, first + 600)
    run_to_end(place.engine())
    [episode] = episodes_of(place)
    assert abs((episode.onset - ORIGIN) / 1e6 - ONSET) < 120


def damage(place, sequence, **values):
    with place.ecg.begin() as connection:
        connection.execute(update(frames).where(frames.c.sequence == sequence).values(**values))


def test_corrupt_rows_are_set_aside_and_stop_nothing(place, paroxysm, run_to_end):
    damage(place, 100, counts=b"\x00\x01\x02")
    damage(place, 200, counts=bytes(500))
    damage(place, 300, rate=float("inf"))
    run_to_end(place.engine())
    with place.ecg.connect() as connection:
        reasons = connection.execute(select(quarantined).order_by(quarantined.c.frame)).all()
    assert [row.frame for row in reasons] == [101, 201, 301]
    assert len(episodes_of(place)) == 1


@pytest.mark.threat("T45")
def test_database_that_refuses_is_tried_again_from_the_checkpoint(place, paroxysm, run_to_end):
    with place.wearables.begin() as connection:
        connection.execute(
            text(
                "CREATE TRIGGER full BEFORE INSERT ON episodes "
                "BEGIN SELECT RAISE(ABORT, 'disk full'); END"
            )
        )
    engine = place.engine()
    with pytest.raises(SQLAlchemyError):
        run_to_end(engine)
    with place.wearables.begin() as connection:
        connection.execute(text("DROP TRIGGER full"))
    engine.resume()
    run_to_end(engine)
    assert len(episodes_of(place)) == 1


def test_state_of_another_version_is_left_and_the_place_kept(place, paroxysm, run_to_end):
    first = place.engine()
    run_to_end(first)
    first.save()
    before = place.wrote()
    with place.wearables.begin() as connection:
        connection.execute(update(engine_checkpoints).values(state=b"of old"))
    run_to_end(place.engine())
    assert place.wrote() == before


def test_episode_that_is_going_on_ends_when_the_device_says_bye(place, run_to_end):
    recorded = place.pair("marit-solheim", 7, Programme(600, 1e9), 1800)
    place.store(recorded)
    run_to_end(place.engine())
    [open_episode] = episodes_of(place)
    assert open_episode.end is None
    place.bye(recorded)
    run_to_end(place.engine())
    [episode] = episodes_of(place)
    assert abs((episode.end - ORIGIN) / 1e6 - 1800) < 5
    assert sum(row[5] for row in place.wrote()["analysed"]) > 1795


def test_bye_twice_and_a_crash_after_it_change_nothing(place, run_to_end, monkeypatch):
    monkeypatch.setattr(embedded, "BATCH", 97)
    recorded = place.pair("marit-solheim", 7, Programme(600, 1e9), 1200)
    place.store(recorded)
    place.bye(recorded)
    run_to_end(place.engine())
    before = place.wrote()
    place.bye(recorded)
    run_to_end(place.engine())
    assert place.wrote() == before


def test_stream_that_goes_on_after_bye_begins_anew(place, run_to_end):
    recorded = place.pair("marit-solheim", 7, PAROXYSM, 3600)
    place.store(recorded, 0, 2600)
    place.bye(recorded)
    place.store(recorded, 2600, 3600)
    engine = place.engine()
    run_to_end(engine)
    first, *others = episodes_of(place)
    assert abs((first.end - ORIGIN) / 1e6 - 2600) < 5
    assert [abs((other.end - ORIGIN) / 1e6 - END) < 120 for other in others] == [True]
    engine.save()
    assert engine.advance() is False


def test_a_bye_that_a_shard_has_seen_is_not_taken_again_for_one_that_is_behind(place, run_to_end):
    recorded = place.pair("marit-solheim", 7, Programme(300, 1e9), 1200)
    place.store(recorded, 0, 700)
    place.bye(recorded)
    place.store(recorded, 700, 1200)
    engine = place.engine()
    run_to_end(engine)
    engine.save()
    before = place.wrote()
    with place.wearables.begin() as connection:
        saved = [one for one in checkpoints.load(connection) if one.state.streams]
        behind = engine_checkpoints.c.shard != saved[0].shard
        connection.execute(delete(engine_checkpoints).where(behind))
    run_to_end(place.engine())
    assert place.wrote() == before
    assert [one.end is None for one in episodes_of(place)] == [False, True]


@pytest.mark.threat("T42")
def test_of_a_patient_who_shares_no_ecg_nothing_is_recorded(place, paroxysm, run_to_end):
    with writing(place.wearables) as connection:
        consents.revoke(connection, 1, [consents.RHYTHM])
    run_to_end(place.engine())
    assert place.wrote() == {"episodes": [], "analysed": [], "findings": [], "outbox": []}
