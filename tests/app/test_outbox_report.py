"""`wristchart outbox report`: what shadow mode would have sent, and how clinicians judged it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from app.cli import main
from clinical.findings import Decision
from safeguards.assertions import Asker
from tests.app.test_outbox_command import ISSUER, SETTINGS
from tests.support.episodes import ONSET, detection
from wearable_agg.delivery.decisions import Said, decide
from wearable_agg.delivery.decisions_report import Fate, report, totals
from wearable_agg.delivery.findings import record_ended
from wearable_agg.delivery.modes import IN_SHADOW
from wearable_agg.delivery.states import HELD
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.findings_tables import findings
from wearable_agg.store.migrations import migrate
from wearable_agg.store.outbox_tables import outbox

TENANT = f"""
[[tenant]]
id = "sandbox"
name = "Sandbox Hospital"
issuer = "{ISSUER}"
timezone = "Europe/Oslo"
client_id = "app"
scopes = []
frame_ancestors = []
backend_client_id = ""
backend_scopes = []
allow_http = true
"""
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def shadowed(tmp_path):
    """A hospital in shadow mode: three findings, of which one is confirmed and one rejected."""
    (tmp_path / "wristchart.toml").write_text(SETTINGS + TENANT, "utf-8")
    engine = open_database(tmp_path / "wearables.db")
    migrate(engine)
    with writing(engine) as connection:
        for number, judged in enumerate((Decision.CONFIRMED, Decision.REJECTED, None)):
            patient = f"patient-{number}"
            person = person_for(connection, "sandbox", ISSUER, patient, create=True)
            finding = record_ended(connection, found(person, number))
            if judged:
                by = Asker("sandbox", ISSUER, patient, "Practitioner/7", "Dr", "c", frozenset())
                decide(connection, by, person, finding, Said(judged, 1), "k")
        unsent = {"state": "unsent", "reason": IN_SHADOW}
        connection.execute(update(outbox).values(**unsent))
    yield engine, tmp_path / "wristchart.toml"
    engine.dispose()


def found(person, number):
    """An episode that has ended, an hour later for each number."""
    onset = ONSET + timedelta(hours=number)
    return detection(person, str(number), onset=onset, end=onset + timedelta(minutes=3))


def test_what_would_have_been_sent_is_told_with_its_judgement(shadowed):
    with shadowed[0].connect() as connection:
        judged = report(connection, "sandbox", LONG_AGO)
    told = [(each.patient, each.fate, each.state.value) for each in judged]
    assert told == [
        ("patient-0", Fate.WOULD_BE_SENT, "confirmed"),
        ("patient-1", Fate.WOULD_BE_SENT, "rejected"),
        ("patient-2", Fate.WOULD_BE_SENT, "open"),
    ]
    assert totals(judged).confirmed_share == 0.5


def test_it_is_printed_for_a_hospital(shadowed):
    words = ["--config", str(shadowed[1]), "outbox", "report", "sandbox", "--days", "3650"]
    said = CliRunner().invoke(main, words)
    assert said.exit_code == 0, said.output
    assert "write_mode shadow" in said.output
    assert "3 sent or to be sent: 1 confirmed, 1 open, 1 rejected" in said.output
    assert "50 % of those judged right or wrong were confirmed" in said.output


@pytest.mark.parametrize(
    ("state", "reason", "fate"),
    [
        ("done", None, Fate.SENT),
        ("retry", HELD + "too short", Fate.HELD),
        ("retry", "no answer", Fate.UNDER_WAY),
        ("dead", "422", Fate.NOT_SENT),
        ("unsent", "a clinician closed it before it was sent", Fate.NOT_SENT),
    ],
)
def test_each_fate_has_its_word(shadowed, state, reason, fate):
    with writing(shadowed[0]) as connection:
        connection.execute(update(outbox).values(state=state, reason=reason))
        assert {each.fate for each in report(connection, "sandbox", LONG_AGO)} == {fate}


def test_another_hospitals_findings_and_older_ones_are_not_in_it(shadowed):
    with shadowed[0].connect() as connection:
        assert report(connection, "other", LONG_AGO) == []
        made = connection.execute(select(findings.c.created_at)).scalars().all()
        later = datetime.fromtimestamp(max(made) / 1e6 + 1, UTC)
        assert report(connection, "sandbox", later) == []
        assert totals([]).confirmed_share is None
