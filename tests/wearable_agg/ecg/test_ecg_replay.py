"""`wristchart replay` against the real API and gateway."""

import socket
import threading
import time

import numpy as np
import pytest
import wfdb
from click.testing import CliRunner
from sqlalchemy import select

from app.replay import replay
from app.roles import api
from app.roles import gateway as gateway_role
from config.settings import Settings
from wearable_agg.ecg.beats import read_beats
from wearable_agg.ecg.recordings import NoRecording, read_wfdb
from wearable_agg.ecg.tables import frames, open_inbox, sessions
from wearable_agg.people import consents
from wearable_agg.store.database import open_database, writing

RATE = 360
SECONDS = 95
SETTINGS = """
data = "data"
[[tenant]]
id = "sandbox"
name = "Sandbox"
issuer = "http://localhost:1/fhir"
timezone = "Europe/Oslo"
client_id = "c"
scopes = []
frame_ancestors = []
backend_client_id = "b"
environment = "sandbox"
backend_scopes = []
"""
LISTEN = '[{role}]\nhost = "127.0.0.1"\nport = {port}\nurl = "{scheme}://127.0.0.1:{port}"\n'


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def config(tmp_path):
    """A site's settings, and nothing running."""
    text = SETTINGS
    for role, scheme in (("web", "http"), ("api", "http"), ("gateway", "ws")):
        text += LISTEN.format(role=role, port=free_port(), scheme=scheme)
    path = tmp_path / "wristchart.toml"
    path.write_text(text)
    return path


@pytest.fixture
def site(config):
    """The same site with its API and gateway running."""
    settings, stop = Settings.load(config), threading.Event()
    roles = [
        threading.Thread(target=role.run, args=(settings, stop)) for role in (api, gateway_role)
    ]
    for role in roles:
        role.start()
    for listen in (settings.api, settings.gateway):
        wait_for(listen.port)
    yield config
    stop.set()
    for role in roles:
        role.join()


def wait_for(port):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(port)


@pytest.fixture
def record(tmp_path):
    """A two-lead record with a stretch without readings."""
    times = np.arange(SECONDS * RATE) / RATE
    signals = np.column_stack([np.sin(times), 2 * np.cos(times)])
    signals[720:1080, 1] = np.nan
    wfdb.wrsamp(
        "made",
        fs=RATE,
        units=["mV", "mV"],
        sig_name=["V1", "MLII"],
        p_signal=signals,
        fmt=["16", "16"],
        adc_gain=[200.0, 200.0],
        baseline=[0, 0],
        write_dir=str(tmp_path),
    )
    return tmp_path / "made"


def run(config, *arguments):
    return CliRunner().invoke(replay, [str(one) for one in arguments], obj=config)


def inbox_of(config):
    inbox = open_inbox(Settings.load(config).ecg_database)
    with inbox.connect() as connection:
        session = connection.execute(select(sessions)).one()
        query = select(frames).where(frames.c.lead >= 0).order_by(frames.c.id)
        rows = connection.execute(query).all()
    inbox.dispose()
    return session, rows


def test_record_arrives_whole_and_ends_now(site, record):
    result = run(site, record, "--patient", "jonas-berg", "--speed", "max")
    assert result.exit_code == 0, result.output
    assert "could not be asked about jonas-berg" in result.output
    session, rows = inbox_of(site)
    assert (session.patient_id, session.leads, session.gain) == ("jonas-berg", "MLII", 5.0)
    counts = np.concatenate([np.frombuffer(row.counts, "<i2") for row in rows])
    assert len(counts) == SECONDS * RATE
    assert counts[0] == 400
    assert set(counts[720:1080]) == {-32768}
    assert time.time() - SECONDS - rows[0].start / 1e6 == pytest.approx(0, abs=5)


def test_annotated_beats_arrive_without_the_ecg(site, record):
    at = np.cumsum(np.full(100, 300))
    wfdb.wrann("made", "atr", at, ["N"] * 100, fs=RATE, write_dir=str(record.parent))
    result = run(site, record, "--patient", "jonas-berg", "--beats", "--speed", "max")
    assert result.exit_code == 0, result.output
    assert "1.4 min of heart beats of made" in result.output
    session, rows = inbox_of(site)
    assert (session.signal, session.sensor, session.leads) == ("beats", "electric", "beats")
    told = [
        10_000 * row.sequence + offset
        for row in rows
        for offset in read_beats(row.counts, row.length)[0].tolist()
    ]
    assert told == pytest.approx(1000 * at / RATE, abs=0.6)


def test_record_without_annotated_beats_is_explained(config, record):
    result = run(config, record, "--patient", "p", "--beats")
    assert result.exit_code == 2
    assert "no annotated beats" in result.output


def test_chosen_lead_and_start_are_kept(site, record):
    start = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - 86_400))
    result = run(site, record, "--patient", "p", "--lead", "V1", "--speed", "0", "--start", start)
    assert result.exit_code == 0, result.output
    session, rows = inbox_of(site)
    assert session.leads == "V1"
    assert time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(rows[0].start / 1e6)) == start


def pmd(device_seconds, samples):
    """A frame of a strap's, whose last sample was taken then."""
    since_2000 = round((device_seconds - 946_684_800) * 1e9)
    triples = b"".join(int(one).to_bytes(3, "little", signed=True) for one in samples)
    return (bytes([0]) + since_2000.to_bytes(8, "little") + bytes([0]) + triples).hex()


def test_a_straps_file_is_streamed_by_stretches_and_is_there_once(site, tmp_path):
    begin = time.time() - 7200
    ends = [begin + 73 / 130 * (n + 1) + (600 if n >= 20 else 0) for n in range(30)]
    (tmp_path / "strap.txt").write_text("\n".join(pmd(end, range(73)) for end in ends))
    for _ in range(2):
        made = run(site, tmp_path / "strap.txt", "--patient", "p", "--speed", "max")
        assert made.exit_code == 0, made.output
        assert made.output.count("streamed for p") == 2
    inbox = open_inbox(Settings.load(site).ecg_database)
    with inbox.connect() as connection:
        rows = connection.execute(select(sessions)).all()
        told = connection.execute(select(frames).where(frames.c.lead == 0)).all()
    inbox.dispose()
    assert [(row.leads, row.model) for row in rows] == [("ECG", "polar file")] * 2
    assert sum(len(row.counts) for row in told) == 2 * 30 * 73
    assert min(row.start for row in told) / 1e6 == pytest.approx(begin + 1 / 130, abs=0.01)


def test_an_ecg_of_long_ago_is_streamed_with_another_time(site, tmp_path):
    frames = [pmd(1_600_000_000 + 73 / 130 * n, range(73)) for n in range(5)]
    (tmp_path / "strap.txt").write_text("\n".join(frames))
    streamed = (tmp_path / "strap.txt", "--patient", "p", "--speed", "max")
    refused = run(site, *streamed)
    assert (refused.exit_code, "give --start" in refused.output) == (1, True)
    today = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - 3600))
    assert run(site, *streamed, "--start", today).exit_code == 0


def test_speed_sets_the_pace(site, record):
    began = time.monotonic()
    result = run(site, record, "--patient", "p", "--speed", "60")
    assert result.exit_code == 0, result.output
    assert 1.4 < time.monotonic() - began < 6


@pytest.mark.parametrize("arguments", [("--lead", "V9"), ("--speed", "-1"), ("--tenant", "no")])
def test_wrong_arguments_are_explained(config, record, arguments):
    result = run(config, record, "--patient", "p", *arguments)
    assert result.exit_code == 2
    assert arguments[1] in result.output or "factor" in result.output


def test_missing_record_is_explained(config, tmp_path):
    result = run(config, tmp_path / "none", "--patient", "p")
    assert result.exit_code == 2
    assert "none.hea" in result.output


def test_record_without_signal_is_explained(record):
    record.with_suffix(".dat").unlink()
    with pytest.raises(NoRecording, match="not only its annotations"):
        read_wfdb(record, None)


def test_site_that_does_not_run_is_explained(config, record):
    result = run(config, record, "--patient", "p")
    assert result.exit_code == 1
    assert "wristchart run api" in result.output


def test_a_real_patient_is_streamed_only_with_the_words_they_agreed_to(site, record):
    site.write_text(site.read_text().replace('environment = "sandbox"', 'environment = "test"'))
    streamed = ("--patient", "p", "--speed", "max")
    refused = run(site, record, *streamed)
    assert refused.exit_code == 1
    assert "--agreed" in refused.output
    assert run(site, record, *streamed, "--agreed", "on paper, kept in the archive").exit_code == 0
    assert run(site, record, *streamed).exit_code == 0


def test_a_withdrawal_is_not_overruled_even_in_a_sandbox(site, record):
    assert run(site, record, "--patient", "p", "--speed", "max").exit_code == 0
    store = open_database(Settings.load(site).wearables_database)
    with writing(store) as connection:
        consents.revoke(connection, 1, [consents.RHYTHM])
    store.dispose()
    refused = run(site, record, "--patient", "p", "--speed", "max")
    assert "does not share heart rhythm" in refused.output
