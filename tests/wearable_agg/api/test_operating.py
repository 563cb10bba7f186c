"""What waits to be written, for the operators that a hospital names, and for nobody else."""

from __future__ import annotations

import dataclasses
import json

import pytest
from sqlalchemy import update

from safeguards.assertions import Signer
from tests.support.backend import asking
from wearable_agg.delivery.reconciliations import Tally, begin, end
from wearable_agg.store.clock import from_micros
from wearable_agg.store.database import writing
from wearable_agg.store.outbox_tables import outbox

BASE = "/api/v1/deliveries"
SCOPE = "delivery.operate"


@pytest.fixture
def dead(world, finding):
    """A finding whose write was given up."""
    values = {"state": "dead", "reason": "The EHR answered 422 (structure)"}
    with writing(world.engine) as connection:
        connection.execute(update(outbox).values(**values))


@pytest.fixture
def call(world, dead):
    """Ask as somebody: `call("/1", tenant="other")`."""
    client = world.api().test_client()
    signer = Signer.open(world.settings.keys)

    def call(path="", method="GET", key="request-0001", scope=SCOPE, **who):
        asker = dataclasses.replace(asking(scope), **who)
        headers = {
            "Authorization": f"Bearer {signer.sign(asker, 'wristchart-api')}",
            "Idempotency-Key": key,
        }
        body = {"json": {}} if method == "POST" else {}
        return client.open(BASE + path, method=method, headers=headers, **body)

    return call


def test_what_waits_is_told_with_its_reason(call):
    told = call().get_json()
    [waiting] = told["waiting"]
    assert (waiting["kind"], waiting["state"]) == ("flag", "dead")
    assert waiting["reason"] == "The EHR answered 422 (structure)"
    assert told["states"] == [{"state": "dead", "count": 1}]
    assert (told["write_mode"], told["route"], told["reconciled"]) == ("shadow", "", None)


def test_what_the_rules_hold_is_told_apart(world, call):
    values = {"state": "retry", "reason": "Held by the clinical rules: too short"}
    with writing(world.engine) as connection:
        connection.execute(update(outbox).values(**values))
    told = call().get_json()
    assert (told["waiting"], [each["state"] for each in told["held"]]) == ([], ["retry"])


def test_the_last_reconciliation_is_told(world, call):
    with writing(world.engine) as connection:
        key = ("sandbox", world.settings.tenants[0].issuer)
        number = begin(connection, key, "hourly", from_micros(1_000_000))
        end(connection, number, Tally(patients=3, taken_back=1), from_micros(2_000_000))
    told = call().get_json()["reconciled"]
    assert (told["occasion"], told["patients"], told["taken_back"]) == ("hourly", 3, 1)


def test_a_preview_shows_the_resources_and_changes_nothing(world, call):
    told = call("/1").get_json()
    assert json.loads(told["resources"][0])["resourceType"] == "Flag"
    assert world.rows("SELECT state FROM outbox") == [("dead",)]


def test_a_replay_begins_anew_once_and_is_audited(world, call):
    assert call("/1/replay", "POST").get_json()["state"] == "unknown"
    assert call("/1/replay", "POST", key="request-0002").get_json()["state"] == "unknown"
    rows = world.rows("SELECT actor FROM audit WHERE action = 'outbox.replayed'")
    assert rows == [("Practitioner/ingrid-lind",)]


@pytest.mark.threat("T15")
@pytest.mark.parametrize("path", ["", "/1"])
def test_nobody_but_an_operator_sees_it(call, path):
    assert call(path, user="Practitioner/somebody").status_code == 403
    assert call(path, scope="chart.read").status_code == 403
    assert call("/1/replay", "POST", user="Practitioner/somebody").status_code == 403


@pytest.mark.threat("T15")
def test_another_hospitals_write_is_not_there(world, call):
    with writing(world.engine) as connection:
        connection.execute(update(outbox).values(tenant="other"))
    assert call().get_json()["waiting"] == []
    assert call("/1").status_code == 404
    assert call("/1/replay", "POST").status_code == 404


@pytest.mark.parametrize("number", ["99", "0", "x", "1" * 30, "²"])
def test_a_write_that_is_none_is_not_there(call, number):
    assert call(f"/{number}").status_code == 404
