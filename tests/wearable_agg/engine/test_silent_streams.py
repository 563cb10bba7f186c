"""A stream that falls silent leaves nothing open, and one that comes back is taken up again."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from config.clinical import load
from sandbox.patient.rhythm import Programme
from wearable_agg.delivery.findings import list_findings
from wearable_agg.ecg import inbox
from wearable_agg.ecg.tables import frames
from wearable_agg.engine import checkpoints, settling
from wearable_agg.people import consents
from wearable_agg.store.clock import now_micros
from wearable_agg.store.database import writing
from wearable_agg.store.findings_tables import episodes

ORIGIN = 1_795_294_800_000_000
LIMITS = load("silence")["stream"]
ONSET = 600
GOES_ON = Programme(ONSET, 1e9)


@pytest.fixture(autouse=True)
def look_each_time(monkeypatch):
    monkeypatch.setattr(settling, "ROUND_SECONDS", 0.0)
    monkeypatch.setattr(settling, "EPISODES_AT_ONCE", 1)


@pytest.fixture
def recorded(place):
    return place.pair("marit-solheim", 7, GOES_ON, 2400)


def age(place, seconds):
    """Make everything that came in that much older."""
    came = now_micros() - round(seconds * 1e6)
    with writing(place.ecg) as connection:
        connection.execute(update(frames).values(received_at=came))


def settled(engine, run_to_end):
    run_to_end(engine)
    while engine.settle():
        pass
    run_to_end(engine)


def episodes_of(place):
    with place.wearables.connect() as connection:
        return connection.execute(select(episodes).order_by(episodes.c.onset)).all()


def findings_of(place):
    with place.wearables.connect() as connection:
        return list_findings(connection, 1)


def at(micros):
    return (micros - ORIGIN) / 1e6


def test_a_stream_that_is_heard_of_keeps_its_episode_open(place, recorded, run_to_end):
    place.store(recorded, 0, 1200)
    age(place, LIMITS["ends_after_seconds"] - 60)
    settled(place.engine(), run_to_end)
    assert [one.end for one in episodes_of(place)] == [None]


def test_a_silent_streams_episode_ends_with_its_last_sample(place, recorded, run_to_end):
    place.store(recorded, 0, 1200)
    age(place, LIMITS["ends_after_seconds"] + 60)
    engine = place.engine()
    settled(engine, run_to_end)
    [episode] = episodes_of(place)
    assert at(episode.end) == pytest.approx(1200, abs=2)
    assert episode.went_silent
    assert findings_of(place)[0]["end"] is not None
    settled(engine, run_to_end)
    assert episodes_of(place) == [episode]


def test_what_comes_late_without_a_gap_takes_the_episode_up_again(place, recorded, run_to_end):
    place.store(recorded, 0, 1200)
    age(place, LIMITS["ends_after_seconds"] + 60)
    engine = place.engine()
    settled(engine, run_to_end)
    place.store(recorded, 1200, 1800)
    run_to_end(engine)
    [episode] = episodes_of(place)
    assert (episode.end, episode.went_silent) == (None, False)
    place.bye(recorded)
    run_to_end(engine)
    [episode] = episodes_of(place)
    assert at(episode.end) == pytest.approx(1800, abs=2)
    assert len(findings_of(place)) == 1


def test_what_comes_late_after_a_gap_is_another_episode_of_the_finding(place, recorded, run_to_end):
    place.store(recorded, 0, 1200)
    age(place, LIMITS["ends_after_seconds"] + 60)
    engine = place.engine()
    settled(engine, run_to_end)
    place.store(recorded, 1800, 2400)
    settled(engine, run_to_end)
    first, second = episodes_of(place)
    assert at(first.end) == pytest.approx(1200, abs=2)
    assert (second.end, at(second.onset) > 1790) == (None, True)
    [finding] = findings_of(place)
    assert finding["end"] is None


def test_older_news_do_not_open_it_again(place, recorded, run_to_end):
    place.store(recorded, 0, 1200)
    age(place, LIMITS["ends_after_seconds"] + 60)
    settled(place.engine(), run_to_end)
    before = place.wrote()
    run_to_end(place.engine())
    assert place.wrote() == before


def test_a_stream_silent_for_long_is_given_up_and_begins_anew(place, recorded, run_to_end):
    place.store(recorded, 0, 1200)
    age(place, LIMITS["forgotten_after_seconds"] + 60)
    engine = place.engine()
    settled(engine, run_to_end)
    engine.save()
    with place.wearables.connect() as connection:
        assert all(not one.state.streams for one in checkpoints.load(connection))
    place.store(recorded, 1200, 1800)
    settled(engine, run_to_end)
    assert len(episodes_of(place)) == 2
    assert len(findings_of(place)) == 1
    place.bye(recorded)
    run_to_end(engine)
    once = place.wrote()
    run_to_end(place.engine())
    assert place.wrote() == once


def test_an_episode_that_the_analysis_lost_ends_where_it_was_seen(place, recorded, run_to_end):
    place.store(recorded, 0, 1200)
    engine = place.engine()
    run_to_end(engine)
    with writing(place.wearables) as connection:
        another = {"id": "another", "onset": episodes.c.onset - 7_000_000}
        connection.execute(update(episodes).values(**another))
    place.store(recorded, 1200, 1300)
    settled(engine, run_to_end)
    lost, known = episodes_of(place)
    assert lost.end == lost.last_seen_at
    assert known.end is None


def test_a_bye_after_silence_is_the_end(place, recorded, run_to_end):
    place.store(recorded, 0, 1200)
    age(place, LIMITS["ends_after_seconds"] + 60)
    engine = place.engine()
    settled(engine, run_to_end)
    place.bye(recorded)
    run_to_end(engine)
    [episode] = episodes_of(place)
    assert not episode.went_silent
    with place.ecg.connect() as connection:
        assert len(inbox.read_after(connection, 1200, 0, 10)) == 1


def test_without_consent_nothing_is_ended(place, recorded, run_to_end):
    place.store(recorded, 0, 1200)
    engine = place.engine()
    run_to_end(engine)
    with writing(place.wearables) as connection:
        consents.revoke(connection, 1, [consents.RHYTHM])
    age(place, LIMITS["ends_after_seconds"] + 60)
    settled(engine, run_to_end)
    assert [one.end for one in episodes_of(place)] == [None]
