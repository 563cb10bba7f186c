"""`wristchart outbox`: what waits for a person, and sending it again."""

import json

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from app.cli import main
from tests.support.episodes import detection
from wearable_agg.delivery.findings import record_started
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.migrations import migrate
from wearable_agg.store.outbox_tables import outbox

ISSUER = "http://127.0.0.1:1/fhir"
SETTINGS = """\
data = "."
[web]
host = "127.0.0.1"
port = 1
url = "http://127.0.0.1:1"
[api]
host = "127.0.0.1"
port = 2
url = "http://127.0.0.1:2"
[gateway]
host = "127.0.0.1"
port = 3
url = "ws://127.0.0.1:3"
"""


@pytest.fixture
def site(tmp_path):
    """A site with one finding that could not be written."""
    (tmp_path / "wristchart.toml").write_text(SETTINGS, "utf-8")
    engine = open_database(tmp_path / "wearables.db")
    migrate(engine)
    with writing(engine) as connection:
        person = person_for(connection, "sandbox", ISSUER, "marit-solheim", create=True)
        record_started(connection, detection(person, "1"))
        dead = {"state": "dead", "reason": "The EHR answered 422 (structure)"}
        connection.execute(update(outbox).values(**dead))
    yield engine, tmp_path / "wristchart.toml"
    engine.dispose()


def outbox_command(site, *words, **options):
    result = CliRunner().invoke(main, ["--config", str(site[1]), "outbox", *words], **options)
    assert result.exit_code == 0, result.output
    return result


def state(site):
    with site[0].connect() as connection:
        return connection.execute(select(outbox.c.state)).scalar_one()


def test_it_is_listed_with_its_reason(site):
    said = outbox_command(site, "list").output
    assert "dead" in said
    assert "The EHR answered 422 (structure)" in said


def test_every_step_of_its_life_is_shown(site):
    assert "outbox.queued" in outbox_command(site, "show", "1").output


def test_a_preview_shows_what_would_be_sent_and_changes_nothing(site):
    said = outbox_command(site, "preview", "1").stdout
    first, _ = json.JSONDecoder().raw_decode(said)
    assert (first["resourceType"], first["subject"]["reference"]) == (
        "Flag",
        "Patient/marit-solheim",
    )
    assert state(site) == "dead"


def test_a_dry_run_changes_nothing(site):
    assert "1 writes would be" in outbox_command(site, "replay", "--all", "--dry-run").output
    assert state(site) == "dead"


def test_replayed_it_is_looked_for_first_and_a_second_time_nothing_happens(site):
    assert "1 writes are" in outbox_command(site, "replay", "1").output
    assert state(site) == "unknown"
    assert "left alone" in outbox_command(site, "replay", "1").output
    assert "outbox.replayed" in outbox_command(site, "show", "1").output


def test_what_is_not_there_is_said(site):
    result = CliRunner().invoke(main, ["--config", str(site[1]), "outbox", "show", "99"])
    assert (result.exit_code, "there is no write 99" in result.output) == (1, True)


def test_a_restore_that_nothing_tells_of_can_be_said(site):
    with writing(site[0]) as connection:
        connection.execute(update(outbox).values(state="pending"))
    assert "Epoch 2" in outbox_command(site, "restored", "--yes").output
    assert state(site) == "unknown"
