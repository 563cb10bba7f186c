"""ECGs that people took are classified by our own rule too, beside the vendor's verdict."""

from __future__ import annotations

import json
from datetime import timedelta

import numpy as np
import pytest

from sandbox.patient.heart import Heart
from sandbox.patient.rhythm import Programme
from tests.support.backend import EVERY_TOPIC, NEW_YEAR, OSLO, bearer, link_person, open_world
from wearable_agg.engine.spots import DECIDER, SpotClassifier, decider_version, opinion
from wearable_agg.intake.keeping import PersonsShare, keep_share
from wearable_agg.measurements.model import EcgRecording, EcgSignal, RhythmNotification, Withdrawn
from wearable_agg.measurements.types import TYPES
from wearable_agg.people import consents
from wearable_agg.store.database import writing
from wearable_agg.vendors.apple.ecg_csv import read_ecg_csv
from wearable_agg.vendors.registry import VENDORS

SINUS, FIBRILLATION = Programme(1e9, 1e9), Programme(0, 1e9)
VERDICTS = "SELECT verdict, said, decider_version FROM spot_verdicts ORDER BY recording_id"
YEAR = "from=2025-06-01T00:00:00Z&to=2026-12-31T00:00:00Z"


def microvolts(rate, programme=FIBRILLATION, seed=7):
    return np.rint(1000 * Heart(seed, programme).millivolts(1000, 30 * rate, rate)).tolist()


def recording(programme=FIBRILLATION, seed=7, minute=0, **changes):
    signal = EcgSignal(300.0, "I", 1.0, tuple(microvolts(300, programme, seed)))
    start = NEW_YEAR + timedelta(minutes=minute)
    facts = {"offset_seconds": 0, "source": "withings", "device": "ScanWatch", **changes}
    end = start + timedelta(seconds=30)
    return EcgRecording("inconclusive", "2", 71, signal, start, end, vendor_id="7", **facts)


def by_apple():
    lines = [
        *("Name,x", "Date of Birth,x", "Recorded Date,2026-03-14 09:15:00 -0400"),
        *("Classification,Sinus Rhythm", "Symptoms,", "Software Version,2", "Device,Watch6"),
        *("Sample Rate,512 hertz", "", "Lead,Lead I", "Unit,µV", "", *map(str, microvolts(512))),
    ]
    return [found.item for found in read_ecg_csv("\n".join(lines).encode())]


def by_withings():
    series = {"deviceid": "d", "model": 93, "ecg": {"signalid": 7, "afib": 0}}
    told = [{**series, "heart_rate": 71, "timestamp": 1767225600}]
    signal = {"signal": microvolts(300), "sampling_frequency": 300, "wearposition": 1}
    raw = {
        "list": {"status": 0, "body": {"series": told}},
        "signals": {"7": {"status": 0, "body": signal}},
    }
    return VENDORS["withings"].parse("heart", json.dumps(raw).encode(), OSLO)


def by_google():
    counts = [round(one * 10.922) for one in microvolts(250)]
    ecg = {
        "interval": {"startTime": "2026-01-01T08:00:00Z", "endTime": "2026-01-01T08:00:30Z"},
        "resultClassification": "NORMAL_SINUS_RHYTHM",
        "waveformSamples": counts,
        "samplingFrequencyHertz": 250,
        "millivoltsScalingFactor": 10922,
        "medicalDeviceInfo": {"algorithmVersion": "2", "featureVersion": "1"},
    }
    point = {"name": "users/me/dataTypes/electrocardiogram/dataPoints/1", "electrocardiogram": ecg}
    raw = json.dumps({"dataPoints": [point]}).encode()
    return VENDORS["google_health"].parse("electrocardiogram", raw, OSLO)


@pytest.fixture
def world(tmp_path):
    opened = open_world(tmp_path)
    link_person(opened)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def keep(world):
    def keep(*records, vendor="withings"):
        share = PersonsShare.of(records, frozenset(TYPES), 1)
        with writing(world.engine) as connection:
            keep_share(connection, world.vault, "sandbox", 1, vendor, share, None)

    return keep


@pytest.fixture
def look(world):
    """Let the engine look until there is nothing left."""

    def look():
        spots = SpotClassifier(world.engine, world.vault)
        while spots.step():
            pass

    return look


@pytest.fixture
def events(world):
    client = world.api().test_client()

    def events():
        signed = bearer(world, "chart.read")
        answer = client.get(f"/api/v1/patient/rhythm?{YEAR}", headers=signed)
        return answer.get_json()["events"]

    return events


@pytest.mark.parametrize(
    ("vendors", "versions"),
    [(by_apple, "software 2"), (by_withings, ""), (by_google, "algorithm 2, feature 1")],
)
def test_a_vendors_ecg_gets_our_verdict_beside_the_vendors(keep, look, events, vendors, versions):
    keep(*vendors())
    look()
    theirs, ours = sorted(events(), key=lambda one: one["investigational"])
    assert theirs["meaning"] in ("sinus_rhythm", "afib_negative")
    assert theirs["version"] == versions
    assert (ours["meaning"], ours["decider"]) == ("atrial_fibrillation", DECIDER)
    assert ours["version"] == decider_version()
    assert ours["probability"] is None
    assert (ours["signal"], ours["severity"], theirs["severity"]) == ("ECG", "High", "")
    assert ours["start"] == theirs["start"]


def test_the_same_ecg_again_is_one_verdict_of_each(world, keep, look, events):
    for _ in range(3):
        keep(recording())
        look()
    assert len(events()) == 2
    assert world.rows("SELECT count(*), max(version) FROM ecg_recordings") == [(1, 1)]


def test_an_ecg_that_changed_is_looked_at_again(world, keep, look):
    keep(recording(FIBRILLATION))
    look()
    keep(recording(SINUS))
    look()
    assert [row[1] for row in world.rows(VERDICTS)] == ["N"]


def test_another_version_of_the_rule_looks_again(world, keep, look):
    keep(recording())
    look()
    with writing(world.engine) as connection:
        connection.exec_driver_sql("UPDATE spot_verdicts SET decider_version = 'earlier', said='x'")
    look()
    assert world.rows(VERDICTS) == [("atrial_fibrillation", "A", decider_version())]


def test_a_recording_too_short_or_too_slow_is_not_analysed_and_says_why():
    short = opinion(EcgSignal(300.0, "I", 1.0, (0.0,) * 300))
    slow = opinion(EcgSignal(50.0, "I", 1.0, (0.0,) * 1500))
    assert (short.verdict, short.said) == ("not_analyzed", "a recording of 1.0 s")
    assert (slow.verdict, slow.evidence) == ("not_analyzed", {})


def test_a_flat_line_is_a_poor_recording():
    assert opinion(EcgSignal(300.0, "I", 1.0, (0.0,) * 9000)).verdict == "poor_recording"


def test_a_recording_with_a_hole_is_not_analysed_and_says_why(keep, look, world):
    keep(recording(flaw="samples are missing between 3.000 s and 6.000 s"))
    look()
    [(verdict, said, _)] = world.rows(VERDICTS)
    assert (verdict, said[:19]) == ("not_analyzed", "samples are missing")


def test_what_is_not_shared_is_not_looked_at_until_it_is(world, keep, look):
    keep(recording())
    with writing(world.engine) as connection:
        consents.revoke(connection, 1, [consents.RHYTHM])
    look()
    assert world.rows(VERDICTS) == []
    with writing(world.engine) as connection:
        consents.record(connection, "sandbox", 1, EVERY_TOPIC, "I agree")
    look()
    assert len(world.rows(VERDICTS)) == 1


def test_a_deleted_ecg_takes_our_verdict_with_it(world, keep, look, events):
    keep(recording())
    look()
    keep(Withdrawn("withings", "7"))
    assert world.rows(VERDICTS) == []
    assert events() == []


def test_a_pulse_notice_stands_in_the_list_and_stays_low(keep, look, events):
    end = NEW_YEAR + timedelta(hours=1)
    notice = RhythmNotification("irregular", (), NEW_YEAR, end, 0, "google_health", "Pixel", "9")
    for _ in range(2):
        keep(notice, vendor="google_health")
    [told] = events()
    assert (told["signal"], told["severity"], told["decided_by"]) == ("PPG", "Low", "Google")
    assert told["text"] == "Possible irregular rhythm, from the pulse"


def test_many_recordings_are_worked_through_in_parts(world, keep, look, monkeypatch):
    monkeypatch.setattr("wearable_agg.engine.spots.AT_ONCE", 2)
    keep(*(recording(SINUS, seed, 10 * seed) for seed in range(5)))
    look()
    assert [row[0] for row in world.rows(VERDICTS)] == ["sinus_rhythm"] * 5
