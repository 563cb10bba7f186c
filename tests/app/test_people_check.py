"""`wristchart people check`: what the EHR says of records that stand for others."""

import pytest
from click import ClickException
from click.testing import CliRunner

from app.cli import main
from app.patients import require_patient
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
def keys(tmp_path):
    return tmp_path / "data" / "keys"


@pytest.fixture
def ehr(tmp_path, keys):
    with ChartEhr(tmp_path / "ehr", keys) as running:
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


def test_a_record_that_was_merged_in_the_ehr_is_proposed_and_merged_by_a_person(ehr, run, keys):
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
    with pytest.raises(ClickException, match="Now it is jonas-berg"):
        require_patient(ehr.tenant, keys, "li-wei")


def test_a_patient_that_the_ehr_does_not_know_is_refused(ehr, keys):
    require_patient(ehr.tenant, keys, "jonas-berg")
    with pytest.raises(ClickException, match=r"nobody-here at .*: The EHR answered 404"):
        require_patient(ehr.tenant, keys, "nobody-here")
    with pytest.raises(ClickException, match="no FHIR id"):
        require_patient(ehr.tenant, keys, "../Patient/jonas-berg")
