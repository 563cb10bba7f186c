"""ECG files of any format on their way into the store, with the vendor's verdict and ours."""

import json
from datetime import timedelta

import numpy as np
import pytest
import wfdb
from click.testing import CliRunner

from app.cli import main
from sandbox.patient.heart import Heart
from sandbox.patient.rhythm import Programme
from tests.support.backend import EVERY_TOPIC, NEW_YEAR, PATIENT
from tests.support.exports import sharing_person, site
from wearable_agg.delivery.rhythm_events import events_between
from wearable_agg.engine.spots import DECIDER, SpotClassifier
from wearable_agg.people import consents
from wearable_agg.store.database import writing

KEPT = "SELECT source, verdict, lead, rate, version FROM ecg_recordings ORDER BY source"
FIBRILLATION = np.rint(1000 * Heart(7, Programme(0, 1e9)).millivolts(1000, 9000, 300))


@pytest.fixture
def person(world):
    return sharing_person(world)


def run(world, *arguments):
    command = ["--config", str(site(world.settings.data)), "import", *map(str, arguments)]
    return CliRunner().invoke(main, [*command, "--patient", PATIENT])


@pytest.fixture
def kardia(tmp_path):
    """Write an answer of Kardia's."""

    def write(**changes):
        counts = (FIBRILLATION * 2).astype(int).tolist()
        leads = {"leadII": counts, "leadI": counts}
        raw = {"frequency": 300, "amplitudeResolution": 500, "samples": leads} | changes
        said = {"algorithmDetermination": "Normal", "heartRate": 81, "duration": 30000, "id": "k"}
        when = {"recordedAt": "2026-01-01T05:00:00+05:00", "deviceInfo": {"hardwareType": "6L"}}
        file = tmp_path / "kardia.json"
        raw = {name: value for name, value in raw.items() if value is not None}
        file.write_text(json.dumps(said | when | {"data": {"raw": raw}}))
        return file

    return write


def verdicts(world, person):
    spots = SpotClassifier(world.engine, world.vault)
    while spots.step():
        pass
    with world.engine.connect() as connection:
        found = events_between(connection, person, NEW_YEAR, NEW_YEAR + timedelta(hours=1))
    return {one.decider: (one.meaning.value, one.said) for one in found}


def test_kardias_recording_is_kept_once_with_its_verdict_and_ours(world, person, kardia):
    assert "1 ECGs taken in, 0 known" in run(world, kardia()).output
    assert "0 ECGs taken in, 1 known" in run(world, kardia()).output
    assert world.rows(KEPT) == [("kardia", "sinus_rhythm", "I", 300.0, 1)]
    assert verdicts(world, person) == {
        "kardia": ("sinus_rhythm", "Normal"),
        DECIDER: ("atrial_fibrillation", "A"),
    }
    assert world.rows('SELECT mean_heart_rate, offset_seconds, "end" - start FROM ecg_recordings') \
        == [(81.0, 18000, 30_000_000)]  # fmt: skip


def test_a_verdict_stands_where_its_waveform_has_no_unit(world, person, kardia):
    assert run(world, kardia(amplitudeResolution=None)).exit_code == 0
    assert verdicts(world, person) == {"kardia": ("sinus_rhythm", "Normal")}


def test_a_file_without_verdict_and_time_is_kept_as_taken_then(world, person, tmp_path):
    signal, leads = np.column_stack([FIBRILLATION, FIBRILLATION]) / 1000, ["V1", "II"]
    facts = {"fmt": ["16"] * 2, "write_dir": str(tmp_path)}
    wfdb.wrsamp("short", 300, ["mV"] * 2, leads, signal, **facts)
    assert "give --start" in run(world, tmp_path / "short").output
    for _ in range(2):
        made = run(world, tmp_path / "short", "--start", "2026-01-01T00:00:00")
        assert made.exit_code == 0, made.output
    assert world.rows(KEPT) == [("wfdb", "not_analyzed", "II", 300.0, 1)]
    assert verdicts(world, person) == {DECIDER: ("atrial_fibrillation", "A")}


def test_an_ecg_is_kept_only_with_consent(world, person, kardia):
    with writing(world.engine) as connection:
        consents.revoke(connection, person, EVERY_TOPIC)
        consents.record(connection, "sandbox", person, [EVERY_TOPIC[0]], "only this")
    made = run(world, kardia())
    assert (made.exit_code, world.rows(KEPT)) == (1, [])
    assert "does not share heart rhythm" in made.output


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"frequency": 100, "samples": {"leadI": [1] * 12100}}, "lasts 121 s: stream it"),
        ({"frequency": 0}, "not a sampling rate"),
        ({"samples": {"leadX": [1]}, "frequency": "x"}, "not a number"),
    ],
)
def test_what_is_no_short_recording_is_refused(world, person, kardia, changes, said):
    made = run(world, kardia(**changes))
    assert (made.exit_code, world.rows(KEPT)) == (1, [])
    assert said in made.output


def test_what_is_no_ecg_is_refused_with_its_reason(world, person, tmp_path):
    (tmp_path / "note.txt").write_text("hello")
    assert "of no format that is known" in run(world, tmp_path / "note.txt").output
    assert "none.hea" in run(world, tmp_path / "none").output
