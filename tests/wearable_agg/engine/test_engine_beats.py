"""What the engine makes of heart beats without ECG, whatever happens to them on the way."""

import random
import zlib
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import func, select, text

from sandbox.patient.rhythm import Programme
from sandbox.patient.strap import Strap
from sandbox.patient.uplink import Uplink
from tests.support.gateway import Gateway
from wearable_agg.delivery import tachograms
from wearable_agg.delivery.findings import list_findings
from wearable_agg.ecg import inbox, segments
from wearable_agg.ecg.frames import Sensor
from wearable_agg.ecg.tables import frames, quarantined
from wearable_agg.engine import embedded
from wearable_agg.store.findings_tables import episodes, findings

ORIGIN = 1_795_294_800_000_000
SINUS = Programme(1e9, 1e9)
ONSET, END = 600, 1200
PAROXYSM = Programme(ONSET, END)
SECONDS = 1800


def episodes_of(place):
    with place.wearables.connect() as connection:
        return connection.execute(select(episodes).order_by(episodes.c.onset)).all()


def finding_of(place):
    [episode] = episodes_of(place)
    with place.wearables.connect() as connection:
        [finding] = list_findings(connection, episode.person_id)
        return finding, tachograms.read(connection, finding["id"])


@pytest.fixture
def paroxysm(place):
    recorded = place.strap("marit-solheim", 7, PAROXYSM, SECONDS)
    place.store(recorded)
    return recorded


def test_a_paroxysm_in_beats_alone_is_one_finding_where_it_was(place, paroxysm, run_to_end):
    run_to_end(place.engine())
    [episode] = episodes_of(place)
    assert abs((episode.onset - ORIGIN) / 1e6 - ONSET) < 60
    assert abs((episode.end - ORIGIN) / 1e6 - END) < 60
    assert (episode.decider, episode.signal) == ("wristchart-beats", "ECG")
    assert len(place.wrote()["findings"]) == 1
    assert sum(row[5] for row in place.wrote()["analysed"]) > 0.95 * SECONDS


def test_sinus_rhythm_in_beats_alone_is_no_finding(place, run_to_end):
    place.store(place.strap("jonas-berg", 8, SINUS, SECONDS))
    run_to_end(place.engine())
    assert place.wrote()["findings"] == []


def test_the_finding_shows_beats_around_the_onset_and_claims_no_probability(
    place, paroxysm, run_to_end
):
    run_to_end(place.engine())
    finding, shown = finding_of(place)
    assert (finding["probability"], finding["has_strip"]) == (None, False)
    assert {one["name"] for one in finding["evidence"]} == {"mode_share", "cosen", "entropy"}
    onset = datetime.fromisoformat(finding["onset"])
    assert (onset - shown.start).total_seconds() == pytest.approx(60, abs=0.001)
    known = [one for one in tachograms.intervals(shown.beats) if one is not None]
    assert len(known) == len(shown.beats) - 1
    assert sum(known[:50]) / 50 > 1.3 * sum(known[-50:]) / 50


def test_a_pulse_by_light_is_told_as_that(place, run_to_end):
    place.store(place.strap("marit-solheim", 7, PAROXYSM, SECONDS, Sensor.OPTICAL))
    run_to_end(place.engine())
    finding, _ = finding_of(place)
    assert (finding["signal"], finding["severity"]) == ("PPG", "Low")


def test_unusable_slices_are_set_aside_and_nothing_spans_them(place, run_to_end):
    recorded = place.strap("marit-solheim", 7, PAROXYSM, SECONDS)
    falling = b"\x64\x00\x00\x32\x00\x00"
    bad = replace(recorded.frames[65], counts=falling, checksum=zlib.crc32(falling))
    flipped = replace(recorded.frames[62], checksum=1)
    recorded.frames[65], recorded.frames[62] = bad, flipped
    place.store(recorded)
    run_to_end(place.engine())
    with place.ecg.connect() as connection:
        reasons = connection.execute(select(quarantined.c.reason)).scalars().all()
    assert reasons == ["the samples are not what was stored", "beats do not rise"]
    _, shown = finding_of(place)
    assert [beat.after_loss for beat in shown.beats].count(True) in (1, 2)


def test_bye_ends_what_is_going_on(place, paroxysm, run_to_end):
    engine = place.engine()
    place.bye(paroxysm)
    late = place.strap("jonas-berg", 8, Programme(300, 1e9), 900)
    place.store(late)
    place.bye(late)
    run_to_end(engine)
    assert [episode.end is None for episode in episodes_of(place)] == [False, False]


def test_a_strap_that_falls_silent_is_settled(place, run_to_end):
    place.store(place.strap("jonas-berg", 8, Programme(300, 1e9), 900))
    with place.ecg.begin() as connection:
        connection.execute(text("UPDATE frames SET received_at = received_at - 6000000000"))
    engine = place.engine()
    run_to_end(engine)
    while engine.settle():
        pass
    [episode] = episodes_of(place)
    assert (episode.went_silent, (episode.end - ORIGIN) / 1e6) == (True, pytest.approx(900, abs=5))


def test_crashes_at_any_batch_of_beats_change_nothing(place, places, run_to_end, monkeypatch):
    chance = random.Random(1)  # noqa: S311
    monkeypatch.setattr(embedded, "BATCH", 31)
    calm = places()
    for here in (place, calm):
        mixed(here, random.Random(2))  # noqa: S311
    run_to_end(calm.engine())
    monkeypatch.setattr(embedded, "CHECKPOINT_SECONDS", 0.0)
    engine = place.engine()
    while engine.advance():
        while chance.random() < 0.7 and engine.record():
            pass
        if chance.random() < 0.2:
            engine.save()
            while engine.tidy():
                pass
        if chance.random() < 0.2:
            engine = place.engine()
    run_to_end(engine)
    assert place.wrote() == calm.wrote()
    assert shown_in(place) == shown_in(calm)
    assert len(episodes_of(place)) == 2


def shown_in(place):
    with place.wearables.connect() as connection:
        ids = connection.execute(select(findings.c.id).order_by(findings.c.id)).scalars().all()
        return [tachograms.read(connection, one) for one in ids]


def mixed(place, chance):
    """Store two straps' beats and a patch's ECG bit by bit, one after another."""
    straps = [place.strap(f"patient-{seed}", seed, Programme(300, 700), 800) for seed in (7, 8)]
    patch = place.pair("patient-9", 9, SINUS, 160)
    for begin in range(0, 80, 16):
        for strap in chance.sample(straps, 2):
            place.store(strap, begin, begin + 16)
        place.store(patch, 2 * begin, 2 * begin + 32)


def test_analysed_beats_become_segments_and_come_back_as_they_were(place, paroxysm, run_to_end):
    engine = place.engine()
    run_to_end(engine)
    engine.save()
    while engine.tidy():
        pass
    with place.ecg.connect() as connection:
        left = connection.execute(select(func.count()).select_from(frames)).scalar_one()
        session = inbox.sessions_by_id(connection, [paroxysm.session])[paroxysm.session]
        kept = segments.between(connection, place.vault, session, 0, 0, 2**60)
        every = [*kept, *inbox.read_between(connection, session.id, 0, 0, 2**60)]
        assert inbox.next_sequence(connection, session) == len(paroxysm.frames)
    assert left <= segments.FRAMES
    told = [(f.sequence, f.start, f.length, f.counts, f.checksum) for f in every]
    assert told == [(f.sequence, f.start, f.length, f.counts, f.checksum) for f in paroxysm.frames]


def test_a_strap_at_the_gateway_leads_to_one_finding_and_a_calm_one_to_none(place, run_to_end):
    gateway = Gateway(place.folder)
    for patient, onset in (("marit-solheim", 200), ("jonas-berg", 1e9)):
        place.strap(patient, len(patient), SINUS, 10)  # records what they agreed to
        facts = {"seed": 7, "onset": onset, "fibrillation": 400, "stored": 900}
        strap = Strap.switch_on(place.folder / patient, **facts)
        uplink = Uplink(strap, gateway.url)
        uplink.run(gateway.token(patient), live=False, progress=lambda _: None)
    gateway.stop()
    run_to_end(place.engine())
    [episode] = episodes_of(place)
    assert episode.end - episode.onset == pytest.approx(400e6, abs=60e6)
    finding, shown = finding_of(place)
    assert (finding["beats_alone"], finding["has_beats"], finding["device"]) == (
        *(True, True),
        "Sandbox Simulated strap SIM00007",
    )
    assert len(shown.beats) > 100
