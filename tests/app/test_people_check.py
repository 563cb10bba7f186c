"""`wristchart people check`: what the EHR says of records that stand for others."""

import pytest
from click.testing import CliRunner

from app.cli import main
from tests.support.chart_ehr import ChartEhr
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.migrations import migrate

TENANT = """\
data = "data"
{listeners}
[[tenant]]
id = "sandbox"
name = "Sandbox Hospital"
issuer = "{issuer}"
timezone = "Europe/Oslo"
client_id = "wristchart"
scopes = []
frame_ancestors = []
backend_client_id = "{client}"
backend_scopes = [{scopes}]
allow_http = true
"""


@pytest.fixture
def ehr(tmp_path):
    with ChartEhr(tmp_path / "ehr", tmp_path / "data" / "keys") as running:
        yield running


@pytest.fixture
def run(ehr, tmp_path):
    listeners = "".join(
        f'[{name}]\nhost = "127.0.0.1"\nport = 1\nurl = "http://127.0.0.1:1"\n'
        for name in ("web", "api", "gateway")
    )
    scopes = ", ".join(f'"{scope}"' for scope in ehr.tenant.backend_scopes)
    client = ehr.tenant.backend_client_id
    config = tmp_path / "wristchart.toml"
    config.write_text(
        TENANT.format(listeners=listeners, issuer=ehr.issuer, client=client, scopes=scopes)
    )
    engine = open_database(tmp_path / "data" / "wearables.db")
    migrate(engine)
    with writing(engine) as connection:
        for patient in ("li-wei", "jonas-berg", "gone"):
            person_for(connection, "sandbox", ehr.issuer, patient, create=True)
    engine.dispose()

    def run(*words):
        return CliRunner().invoke(main, ["--config", str(config), "people", *words])

    return run


def test_a_record_that_was_merged_in_the_ehr_is_proposed_and_merged_by_a_person(ehr, run):
    [patient] = ehr.held("Patient", "li-wei")
    link = {"type": "replaced-by", "other": {"reference": "Patient/jonas-berg"}}
    assert "No merge is proposed" in run("proposals").output
    ehr.edit(patient, lambda resource: resource.update(active=False, link=[link]))
    checked = run("check")
    assert checked.exit_code == 0, checked.output
    assert "li-wei is replaced by jonas-berg" in checked.output
    assert "gone: not read" in checked.output
    assert "li-wei is replaced by jonas-berg" in run("proposals").output
    assert run("merge", "li-wei", "jonas-berg", "--by", "Kari").exit_code == 0
    assert "No merge is proposed" in run("check").output
