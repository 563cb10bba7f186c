"""What the page reads of the rhythm."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.episodes import taken_at
from wearable_agg.delivery.findings import list_findings, record_ended, record_started
from wearable_agg.delivery.rhythm import episodes
from wearable_agg.store.clock import to_micros
from wearable_agg.store.database import writing
from wearable_agg.store.findings_tables import analysed

ONSET = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)


def minutes(count):
    return timedelta(minutes=count)


def rhythm(store, person, first, last):
    with store.connect() as connection:
        return episodes(connection, person, ONSET + minutes(first), ONSET + minutes(last))


@pytest.fixture
def two_episodes(store, detect):
    with writing(store) as connection:
        record_started(connection, detect())
        record_ended(connection, detect(seen=10))
        record_started(connection, detect(begin=60, seen=62, end=None))


@pytest.mark.parametrize(
    ("first", "last", "count"),
    [(-60, 120, 2), (5, 6, 1), (10, 60, 0), (61, 120, 1), (63, 120, 0), (-60, 0, 0)],
)
def test_episodes_that_reach_into_the_window(store, person, two_episodes, first, last, count):
    assert len(rhythm(store, person, first, last)["episodes"]) == count


def test_an_episode_that_goes_on_has_no_end(store, person, two_episodes):
    ended, going_on = rhythm(store, person, 0, 120)["episodes"]
    assert (ended["start"], ended["end"]) == ("2026-03-01T06:30:00Z", "2026-03-01T06:40:00Z")
    assert (going_on["end"], going_on["last_seen_at"]) == (None, "2026-03-01T07:32:00Z")
    assert (ended["mean_rate"], ended["signal"]) == (112.0, "ECG")


def test_analysed_time_is_summed_over_the_window(store, person):
    with writing(store) as connection:
        for minute in range(10):
            connection.execute(
                analysed.insert().values(
                    stream="s",
                    start=to_micros(ONSET + minutes(minute)),
                    end=to_micros(ONSET + minutes(minute + 1)),
                    tenant="sandbox",
                    person_id=person,
                    recorded_seconds=60,
                    analysable_seconds=50,
                    af_seconds=20,
                )
            )
    found = rhythm(store, person, 0, 3)
    assert (found["recorded_seconds"], found["analysed_seconds"], found["af_seconds"]) == (
        180,
        150,
        60,
    )
    assert rhythm(store, person, 6, 12)["before"] == {
        "recorded_seconds": 360,
        "analysed_seconds": 300,
        "af_seconds": 120,
    }


def test_nothing_known_is_nothing(store, person):
    nothing = {"recorded_seconds": 0, "analysed_seconds": 0, "af_seconds": 0}
    assert rhythm(store, person, 0, 60) == {
        **nothing,
        "before": nothing,
        "episodes": [],
        "events": [],
        "events_left_out": 0,
    }


@pytest.mark.parametrize(
    ("minute", "verdict", "word"),
    [
        (2, "sinus_rhythm", "None"),
        (2, "poor_recording", "Medium"),
        (2, "atrial_fibrillation", "High"),
        (30, "sinus_rhythm", "Medium"),
    ],
)
def test_an_ecg_of_the_same_time_outweighs_an_episode_of_beats(
    store, person, detect, minute, verdict, word
):
    alone = {"decider": "wristchart-beats", "strip": None}
    with writing(store) as connection:
        record_ended(connection, detect(seen=10, **alone))
    taken_at(store, person, ONSET + minutes(minute), verdict)
    with store.connect() as connection:
        assert list_findings(connection, person)[0]["severity"] == word
    with writing(store) as connection:
        record_ended(connection, detect(begin=60, seen=70, **alone))
    with store.connect() as connection:
        again = list_findings(connection, person)[0]["severity"]
    assert again == ("Medium" if word == "None" else word)
