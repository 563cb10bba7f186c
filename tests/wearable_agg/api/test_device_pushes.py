"""A companion app pushes under its own token: kept before the answer, once, while it may."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from werkzeug.test import TestResponse

from tests.support.backend import World
from tests.wearable_agg.api.test_linking import Visitor
from tests.wearable_agg.vendors.made_payloads import pushed, synced
from wearable_agg.intake.day_totals import DayTotals
from wearable_agg.intake.processing import Worker
from wearable_agg.store.clock import now_micros
from wearable_agg.vendors.apple.reader import LARGEST_PUSH
from wearable_agg.vendors.limits import pushes_a_minute
from wearable_agg.vendors.registry import READERS

PUSHES = "/api/v1/device/pushes"
VALUES = "SELECT s.type, m.value FROM measurements m JOIN series s ON s.id = m.series_id"
INBOX = "SELECT state, reason FROM inbox"
Push = Callable[..., TestResponse]


@pytest.fixture
def patient(world: World) -> Visitor:
    """A patient who proved who they are and shares heart rate."""
    visitor = Visitor(world)
    visitor.prove()
    visitor.choose("heart_rate")
    return visitor


@pytest.fixture
def token(patient: Visitor) -> str:
    return added(patient)


@pytest.fixture
def push(world: World, token: str) -> Push:
    client = world.api().test_client()

    def push(body: str | bytes, own: str = token, **headers: str) -> TestResponse:
        shown = {"Authorization": f"Bearer {own}", "Content-Type": "application/json"}
        return client.post(PUSHES, data=body, headers={**shown, **headers})

    return push


def added(patient: Visitor, device: str = "Kari's phone") -> str:
    data = {"form": patient.key(), "device": device}
    page = patient.client.post("/link/me/device", data=data)
    assert page.status_code == 200
    found = re.search(r"Bearer ([\w-]+)", page.get_data(as_text=True))
    assert found
    return found[1]


def at(minutes: float = 5) -> str:
    return f"{datetime.now(UTC) - timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"


def beat(value: float = 72, identifier: str = "A1") -> str:
    when = at()
    return synced(value=value, id=identifier, startDate=when, endDate=when)


def work(world: World) -> None:
    worker = Worker(world.engine, world.vault, {}, DayTotals({"sandbox": 14}), READERS)
    while worker.step():
        pass


def kind(answer: TestResponse) -> str:
    return str(answer.get_json()["type"]).removeprefix("urn:wristchart:problem:")


def test_a_push_is_kept_sealed_and_becomes_a_measurement(world: World, push: Push) -> None:
    body = beat()
    answer = push(body)
    assert (answer.status_code, answer.get_json()) == (202, {"bytes": len(body)})
    [(state, raw)] = world.rows("SELECT state, raw FROM inbox")
    assert state == "new"
    assert b"HeartRate" not in raw
    work(world)
    assert world.rows(VALUES) == [("heart_rate", 72.0)]


def test_health_auto_export_is_understood_too(world: World, push: Push) -> None:
    when = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%d %H:%M:%S} +0000"
    assert push(pushed(("heart_rate", "bpm", {"qty": 64, "date": when}))).status_code == 202
    work(world)
    assert world.rows(VALUES) == [("heart_rate", 64.0)]


def test_the_token_is_kept_as_a_keyed_hash_only(world: World, token: str) -> None:
    [(kept,)] = world.rows("SELECT vendor_user_id FROM vendor_accounts")
    assert re.fullmatch("[0-9a-f]{64}", kept)
    assert not any(token in str(row) for row in world.rows("SELECT * FROM vendor_accounts"))
    assert not any(token in str(row) for row in world.rows("SELECT * FROM audit"))


def test_what_is_not_shared_is_not_kept(world: World, push: Push) -> None:
    when = at()
    steps = "HKQuantityTypeIdentifierStepCount"
    push(synced(type=steps, unit="count", startDate=when, endDate=when))
    work(world)
    assert world.rows(VALUES) == []


def test_the_same_push_again_changes_nothing(world: World, push: Push) -> None:
    body = beat()
    for _ in range(3):
        assert push(body, **{"Idempotency-Key": "push-0001"}).status_code == 202
        assert push(body).status_code == 202
        work(world)
    assert world.rows(VALUES) == [("heart_rate", 72.0)]
    assert world.rows("SELECT count(*) FROM inbox") == [(1,)]


def test_a_key_with_another_push_is_refused(world: World, push: Push) -> None:
    push(beat(), **{"Idempotency-Key": "push-0001"})
    other = push(beat(99), **{"Idempotency-Key": "push-0001"})
    assert (other.status_code, kind(other)) == (422, "key-reused")
    assert world.rows("SELECT count(*) FROM inbox") == [(1,)]


@pytest.mark.parametrize("shown", ["", "x" * 32, "é", "a b", "A" * 10_000])
def test_an_unknown_token_is_refused_before_the_body_is_read(
    world: World, push: Push, shown: str
) -> None:
    answer = push(b"{" * (LARGEST_PUSH + 1), own=shown)
    assert (answer.status_code, kind(answer)) == (401, "not-authentic")
    assert world.rows(INBOX) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"   ", 400),
        (b"<?xml version='1.0'?><HealthData/>", 400),
        (b"\x1f\x8b\x08\x00", 400),
        (b"Name,Kari", 400),
        (b'{"data": "' + b"x" * LARGEST_PUSH + b'"}', 413),
    ],
)
def test_what_is_no_push_is_refused(world: World, push: Push, body: bytes, status: int) -> None:
    answer = push(body)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert world.rows(INBOX) == []


@pytest.mark.parametrize(
    "body",
    [
        '{"data": {"records": [{"value": NaN}]}}',
        '{"data": {"records": [{"value": 1e999}]}}',
        '{"data": {}, "data": {"records": []}}',
        '{"data": {"records": []}',
        '{"data": ' + "[" * 5000 + "]" * 5000 + "}",
        '{"data": {"records": {}}}',
        '{"data": {"something": 1}}',
        "[1, 2]",
        '{"data": "\\ud800"}',
    ],
)
def test_a_hostile_push_is_a_dead_letter_with_its_reason(
    world: World, push: Push, body: str
) -> None:
    assert push(body).status_code == 202
    work(world)
    [(state, reason)] = world.rows(INBOX)
    assert (state, bool(reason)) == ("dead", True)
    assert world.rows(VALUES) == []


def test_an_absurd_value_is_set_apart_and_the_rest_kept(world: World, push: Push) -> None:
    document = json.loads(beat(72, "A1"))
    document["data"]["records"] += json.loads(beat(9000, "A2"))["data"]["records"]
    push(json.dumps(document))
    work(world)
    assert world.rows(VALUES) == [("heart_rate", 72.0)]


def test_an_unlinked_app_may_push_no_more(world: World, push: Push, patient: Visitor) -> None:
    assert "Kari&#39;s phone" in patient.me()
    assert "Unlink Apple Health" in patient.me()
    patient.client.post("/link/me/unlink/1", data={"form": patient.key()})
    assert push(beat()).status_code == 401
    assert world.rows(INBOX) == []
    assert world.rows("SELECT count(*) FROM sync_jobs") == [(0,)]


def test_consent_withdrawn_ends_every_app(push: Push, patient: Visitor) -> None:
    other = added(patient, "Tablet")
    patient.choose(choice="nothing")
    patient.choose("heart_rate")
    assert [push(beat()).status_code, push(beat(), own=other).status_code] == [401, 401]


def test_consent_that_ran_out_is_a_no(world: World, push: Push) -> None:
    with world.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE consents SET expires_at = 1")
    answer = push(beat())
    assert (answer.status_code, kind(answer)) == (403, "no-consent")
    assert world.rows(INBOX) == []


def test_who_shares_nothing_is_given_no_token(world: World) -> None:
    visitor = Visitor(world)
    visitor.prove()
    data = {"form": visitor.key(), "device": "Phone"}
    assert visitor.client.post("/link/me/device", data=data).status_code == 400
    assert world.rows("SELECT count(*) FROM vendor_accounts") == [(0,)]


@pytest.mark.parametrize("device", ["", " ", "x" * 61, "a\x00b"])
def test_a_device_has_a_name_that_can_be_shown(patient: Visitor, device: str) -> None:
    data = {"form": patient.key(), "device": device}
    assert patient.client.post("/link/me/device", data=data).status_code == 400


def test_another_sites_form_gives_no_token(world: World, patient: Visitor) -> None:
    data = {"form": "forged", "device": "Phone"}
    assert patient.client.post("/link/me/device", data=data).status_code == 403
    assert world.rows("SELECT count(*) FROM vendor_accounts") == [(0,)]


def test_a_person_has_five_apps_at_most(world: World, patient: Visitor) -> None:
    for number in range(5):
        added(patient, f"Phone {number}")
    data = {"form": patient.key(), "device": "One more"}
    assert patient.client.post("/link/me/device", data=data).status_code == 409
    assert world.rows("SELECT count(*) FROM vendor_accounts") == [(5,)]


@pytest.mark.threat("T30")
def test_an_app_that_pushes_without_end_is_asked_to_wait_and_no_other_is(
    world: World, push: Push, patient: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = pushes_a_minute("apple")
    taken = [push(beat(60 + n, f"A{n}")).status_code for n in range(most)]
    refused = push(beat(99, "last"))
    assert (set(taken), refused.status_code) == ({202}, 429)
    assert (kind(refused), refused.headers["Retry-After"]) == ("too-many", "60")
    assert world.rows("SELECT count(*) FROM inbox") == [(most,)]
    assert push(beat(), added(patient, "Kari's tablet")).status_code == 202
    later = now_micros() + 70_000_000
    monkeypatch.setattr("wearable_agg.intake.budgets.now_micros", lambda: later)
    assert push(beat(99, "last")).status_code == 202
