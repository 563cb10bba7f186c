"""One poll at the command line."""

import pytest
from click.testing import CliRunner

import app.polling
from app.cli import main
from tests.support.backend import PATIENT, measured
from tests.support.exports import site
from wearable_agg.store.clock import from_micros, now_micros
from wearable_agg.vendors.protocol import VendorDown

VENDOR = """
[vendor.band]
client_id = "client"
client_secret = "secret"
authorize_url = "http://127.0.0.1:1/authorize"
token_url = "http://127.0.0.1:1/token"
api_url = "http://127.0.0.1:1/api"
revoke_url = "http://127.0.0.1:1/revoke"
redirect_uri = "http://127.0.0.1:1/callback"
webhook_secret = "unguessable-path"
"""


@pytest.fixture
def poll(world, monkeypatch):
    monkeypatch.setattr(app.polling, "VENDORS", {"band": world.band})
    config = site(world.settings.data)
    config.write_text(config.read_text("utf-8") + VENDOR, "utf-8")

    def poll(*arguments):
        return CliRunner().invoke(main, ["--config", str(config), "poll", *arguments])

    return poll


def just_now(value):
    at = from_micros(now_micros() - 60_000_000)
    return measured(value=value, start=at, end=at)


def test_it_says_what_changed_and_that_nothing_did(world, linked, poll):
    world.band.data = [just_now(60.0)]
    assert "Band of person 1: 1 new and 0 corrected heart_rate\n" in poll().output
    assert "Band of person 1: nothing new\n" in poll("--patient", PATIENT).output


def test_it_says_what_is_not_well(world, linked, poll):
    with world.engine.connect() as connection:
        connection.exec_driver_sql("UPDATE vendor_accounts SET linked_at = 0")
        connection.exec_driver_sql("COMMIT")
    world.band.trouble = [VendorDown("the vendor answers with 503")]
    output = poll().output
    assert "put off: the vendor answers with 503" in output
    assert "not well: no sync has succeeded for" in output


def test_only_the_named_patient_is_asked_for(world, linked, poll):
    assert "has linked no wearable" in poll("--patient", "stranger").output
    assert world.band.calls == []


def test_with_nothing_linked_it_says_so(world, poll):
    assert "no linked wearable to ask" in poll().output
