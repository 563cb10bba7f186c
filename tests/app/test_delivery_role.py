"""To which EHRs delivery writes: those that were probed, and no other."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from app.cli import main
from app.ehr.probing import probe_ehr
from app.roles.delivery import Ehrs
from config.settings import Listen, Settings
from smart.keys import ClientKeys
from smart.probe import ProbeFailed
from tests.support.chart_ehr import ChartEhr
from wearable_agg.delivery import probes
from wearable_agg.delivery.abilities import Personality
from wearable_agg.delivery.enqueue import add_flag
from wearable_agg.people.registry import EhrPatient
from wearable_agg.store.all_tables import metadata
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.outbox_tables import outbox

NOWHERE = Listen("127.0.0.1", 1, "http://127.0.0.1:1")
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def ehr(tmp_path):
    with ChartEhr(tmp_path / "ehr", tmp_path / "data" / "keys") as running:
        yield running


@pytest.fixture
def store(tmp_path):
    engine = open_database(tmp_path / "wearables.db")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def refreshed(tmp_path, ehr, store):
    """The charts that delivery has after a look, for a site whose tenants are given."""

    def look(*tenants):
        settings = Settings(tmp_path / "data", NOWHERE, NOWHERE, NOWHERE, tenants, {})
        charts = {}
        Ehrs(settings, store, charts).refresh()
        return charts

    return look


def keep(store, tenant):
    with writing(store) as connection:
        probes.keep(connection, tenant, "https://test.example/fhir", Personality(), NOW)


def test_an_ehr_that_was_not_probed_is_not_written_to_and_its_writes_say_why(refreshed, ehr, store):
    with writing(store) as connection:
        add_flag(connection, EhrPatient("sandbox", ehr.issuer, "jonas-berg"), 1, "f1")
    assert refreshed(ehr.tenant) == {}
    with store.connect() as connection:
        row = connection.execute(select(outbox.c.state, outbox.c.reason)).one()
    assert row == ("pending", probes.UNPROBED)


def test_what_was_probed_is_written_to(refreshed, ehr, store):
    keep(store, "sandbox")
    charts = refreshed(ehr.tenant)
    assert charts["sandbox", ehr.issuer].chart.personality == Personality()


def test_the_probe_of_a_test_system_counts_for_the_tenant_that_names_it(refreshed, ehr, store):
    keep(store, "test-system")
    assert refreshed(ehr.tenant) == {}
    assert len(refreshed(replace(ehr.tenant, probed_as="test-system"))) == 1


def test_a_sandbox_is_probed_without_being_asked(refreshed, ehr):
    sandbox = replace(ehr.tenant, environment="sandbox", probe_patient="li-wei")
    refreshed(sandbox)
    charts = refreshed(sandbox)
    assert charts["sandbox", ehr.issuer].chart.personality.route == "Flag"


def test_a_production_system_is_never_probed(ehr, tmp_path):
    keys = ClientKeys.open(tmp_path / "data" / "keys")
    with pytest.raises(ProbeFailed, match="not marked as a test system"):
        probe_ehr(ehr.tenant, keys)
    assert ehr.held("Flag", "jonas-berg") == []


def test_the_first_patient_is_taken_where_none_is_named(ehr, tmp_path):
    keys = ClientKeys.open(tmp_path / "data" / "keys")
    seen = probe_ehr(replace(ehr.tenant, environment="test"), keys)
    assert seen.route == "Flag"


def test_the_command_keeps_what_it_saw_and_says_the_route(ehr, tmp_path):
    scopes = ", ".join(f'"{scope}"' for scope in ehr.tenant.backend_scopes)
    listeners = "".join(
        f'[{name}]\nhost = "127.0.0.1"\nport = 1\nurl = "http://127.0.0.1:1"\n'
        for name in ("web", "api", "gateway")
    )
    config = tmp_path / "wristchart.toml"
    config.write_text(
        f"""\
data = "data"
{listeners}
[[tenant]]
id = "sandbox"
name = "Sandbox Hospital"
issuer = "{ehr.issuer}"
timezone = "Europe/Oslo"
client_id = "wristchart"
scopes = []
frame_ancestors = []
backend_client_id = "{ehr.tenant.backend_client_id}"
backend_scopes = [{scopes}]
allow_http = true
environment = "test"
""",
        "utf-8",
    )
    words = ["--config", str(config), "ehr", "probe", "sandbox", "--patient", "li-wei"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    assert "Route: Flag, created by transaction. Write-back is on." in result.output
    kept = open_database(tmp_path / "data" / "wearables.db")
    with kept.connect() as connection:
        assert probes.personalities(connection)["sandbox"].route == "Flag"
    kept.dispose()
