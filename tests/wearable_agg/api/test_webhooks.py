import json
from datetime import timedelta

import pytest

from tests.support.backend import NEW_YEAR, link_person, measured, notice, signature
from wearable_agg.intake import jobs
from wearable_agg.store.clock import now_micros
from wearable_agg.store.database import writing
from wearable_agg.vendors.protocol import VendorDown

STATES = "SELECT state FROM inbox"


@pytest.fixture
def client(world):
    return world.api().test_client()


def signed(raw, key=b"first key"):
    return {"X-Signature": signature(key, raw), "X-Key": key.decode()}


def test_a_signed_notification_is_kept_and_accepted(world, client):
    raw = notice()
    assert client.post("/webhooks/band", data=raw, headers=signed(raw)).status_code == 204
    assert world.rows(STATES) == [("new",)]


@pytest.mark.threat("T27")
def test_a_forged_notification_is_refused_and_leaves_nothing(world, client):
    raw = notice()
    answer = client.post("/webhooks/band", data=raw + b" ", headers=signed(raw))
    assert answer.status_code == 401
    assert world.rows(STATES) == []


@pytest.mark.threat("T28")
def test_the_same_notification_again_is_accepted_and_the_same_row(world, client):
    raw = notice()
    answers = [client.post("/webhooks/band", data=raw, headers=signed(raw)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [204, 204, 204]
    assert world.rows(STATES) == [("new",)]


@pytest.mark.threat("T28")
@pytest.mark.parametrize("later", [timedelta(minutes=6), timedelta(days=366)])
def test_a_notification_replayed_later_brings_no_row(world, client, monkeypatch, later):
    link_person(world)
    world.band.data = [measured(minute) for minute in range(30)]
    window = (NEW_YEAR.isoformat(), (NEW_YEAR + timedelta(days=1)).isoformat())
    raw = notice(window=window, kinds=["beats"])
    rows = "SELECT * FROM measurements ORDER BY series_id, start"

    def arrive():
        assert client.post("/webhooks/band", data=raw, headers=signed(raw)).status_code == 204
        while world.worker().step():
            with writing(world.engine) as connection:
                due = jobs.claim(connection, {"band"}, 10)
            for job in due:
                world.fetcher().work(job)
        return world.rows(rows), world.rows("SELECT count(*) FROM inbox WHERE kind = 'webhook'")

    first = arrive()
    assert len(first[0]) == 30
    then = now_micros() + later // timedelta(microseconds=1)
    for module in ("intake.inbox", "intake.jobs", "intake.budgets", "measurements.upsert"):
        monkeypatch.setattr(f"wearable_agg.{module}.now_micros", lambda: then)
    assert arrive() == first


def test_a_signed_notification_that_makes_no_sense_is_put_aside(world, client):
    raw = b"[" * 99
    assert client.post("/webhooks/band", data=raw, headers=signed(raw)).status_code == 204
    assert world.rows(STATES) == [("dead",)]


def test_keys_are_fetched_anew_when_the_vendor_changed_them(world, client, monkeypatch):
    monkeypatch.setattr("wearable_agg.intake.keysets.ASK_AGAIN_SECONDS", 0)
    client.post("/webhooks/band", data=notice(), headers=signed(notice()))
    world.band.key = b"second key"
    raw = notice(kinds=["beats"])
    answer = client.post("/webhooks/band", data=raw, headers=signed(raw, b"second key"))
    assert answer.status_code == 204


def test_without_the_vendors_keys_it_is_asked_to_send_again(world, client, monkeypatch):
    def down(*_):
        raise VendorDown("no keys")

    monkeypatch.setattr(world.band, "keyset", down)
    raw = notice()
    assert client.post("/webhooks/band", data=raw, headers=signed(raw)).status_code == 503
    assert world.rows(STATES) == []


def test_the_handshake_proves_our_address_and_leaves_nothing(world, client):
    ours = {"Authorization": "unguessable-path"}
    assert client.post("/webhooks/band", data=b"hello", headers=ours).status_code == 201
    assert client.post("/webhooks/band", data=b"hello").status_code == 401
    assert world.rows(STATES) == []


@pytest.mark.threat("T27")
def test_a_vendor_that_does_not_sign_must_know_the_path(world, client):
    assert client.post("/webhooks/scale/unguessable-path", data=notice()).status_code == 200
    assert client.post("/webhooks/scale/guessed", data=notice()).status_code == 404
    assert client.post("/webhooks/scale", data=notice()).status_code == 404
    assert client.post("/webhooks/band/unguessable-path", data=notice()).status_code == 404
    assert len(world.rows(STATES)) == 1


@pytest.mark.parametrize("method", ["head", "get"])
def test_a_probe_of_the_path_is_answered(client, method):
    assert getattr(client, method)("/webhooks/scale/unguessable-path").status_code == 200
    assert getattr(client, method)("/webhooks/scale/guessed").status_code == 404


@pytest.mark.threat("T24")
def test_more_than_a_megabyte_is_refused(world, client):
    raw = json.dumps("x" * 1_000_001).encode()
    answer = client.post("/webhooks/scale/unguessable-path", data=raw)
    assert answer.status_code == 413
    assert world.rows(STATES) == []


def test_a_notification_lies_sealed(world, client):
    client.post("/webhooks/scale/unguessable-path", data=notice(user="marit"))
    [(raw,)] = world.rows("SELECT raw FROM inbox")
    assert b"marit" not in raw
