"""`wristchart ehr add`: what is asked, what is found, and what is in the file afterwards."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.demo.site import DELIVERY_CLIENT
from config.settings import Settings
from config.start_checks import faults
from tests.support.chart_ehr import ChartEhr
from tests.support.paper_ehr import PaperEhr, configuration, statement

SITE = """\
# the site of a hospital, written by hand
data = "data"   # kept here

[web]
host = "127.0.0.1"
port = 8410
url = "https://wristchart.hospital.example"

[api]
host = "127.0.0.1"
port = 8411
url = "http://127.0.0.1:8411"

[gateway]
host = "127.0.0.1"
port = 8412
url = "wss://ecg.hospital.example"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(SITE)
    path.chmod(0o640)
    return path


@pytest.fixture
def ehr(config, tmp_path):
    (tmp_path / "data").mkdir(mode=0o700)
    with ChartEhr(tmp_path / "ehr", tmp_path / "data" / "keys") as running:
        yield running


def add(config: Path, *options: str, answers: str | None = None) -> Result:
    command = ["--config", str(config), "ehr", "add", *options]
    return CliRunner().invoke(main, command, input=answers)


def by_options(issuer: str, **changes: str) -> list[str]:
    known = {
        "issuer": issuer,
        "name": "General Hospital",
        "id": "general",
        "timezone": "Europe/Oslo",
        "client-type": "asymmetric",
        "client-id": "wristchart",
        "backend-client-id": DELIVERY_CLIENT,
        "frame-ancestors": "https://ehr.hospital.example",
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    return ["--yes", *(part for name, value in known.items() for part in (f"--{name}", value))]


def test_every_answer_may_come_by_an_option(config, ehr):
    result = add(config, *by_options(ehr.issuer))
    assert result.exit_code == 0, result.output
    [tenant] = Settings.load(config).tenants
    assert (tenant.id, tenant.issuer, tenant.client_id) == ("general", ehr.issuer, "wristchart")
    assert tenant.frame_ancestors == ("https://ehr.hospital.example",)
    assert "patient/MedicationRequest.rs" in tenant.scopes
    assert tenant.backend_client_id == DELIVERY_CLIENT
    assert "system/Flag.crus" in tenant.backend_scopes


def test_the_site_starts_with_what_was_written(config, ehr):
    add(config, *by_options(ehr.issuer))
    assert list(faults(Settings.load(config), config, {})) == []


def test_every_answer_may_be_typed(config, ehr):
    typed = [ehr.issuer, "St. Olav's", "", "Oslo", "Europe/Oslo", "", "app-1", "", "", "y"]
    result = add(config, answers="\n".join(typed) + "\n")
    assert result.exit_code == 0, result.output
    assert "'Oslo' is no time zone" in result.output
    [tenant] = Settings.load(config).tenants
    assert (tenant.id, tenant.name) == ("st-olav-s", "St. Olav's")
    assert (tenant.client_id, tenant.backend_client_id) == ("app-1", "")
    assert tenant.backend_scopes == ()
    assert tenant.frame_ancestors == (ehr.url,)


def test_all_that_was_in_the_file_stays_as_it_was(config, ehr):
    add(config, *by_options(ehr.issuer))
    assert config.read_text().startswith(SITE.rstrip())
    assert config.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in config.parent.glob(".site*")] == []


def test_text_that_toml_could_take_amiss_is_written_as_given(config, ehr):
    name = 'Sykehus "Ø" \\ [x] # no comment'
    add(config, *by_options(ehr.issuer, name=name))
    assert Settings.load(config).tenants[0].name == name


def test_it_tells_what_to_register_and_where_to_read_it(config, ehr):
    said = add(config, *by_options(ehr.issuer)).output
    assert "https://wristchart.hospital.example/launch.html" in said
    assert "https://wristchart.hospital.example/.well-known/jwks.json" in said
    assert "https://wristchart.hospital.example/register" in said
    assert "ehr check general" in said


def test_keys_are_made_if_there_are_none(config):
    with PaperEhr(configuration(), None) as paper:
        assert not (config.parent / "data").exists()
        assert add(config, *by_options(paper.issuer)).exit_code == 0
    assert (config.parent / "data" / "keys" / "client_keys.json").is_file()
    assert list(faults(Settings.load(config), config, {})) == []


def test_a_second_ehr_may_be_added_and_gets_a_callback_of_its_own(config, ehr):
    add(config, *by_options(ehr.issuer))
    with PaperEhr(configuration(), statement(Patient="rs")) as paper:
        result = add(config, *by_options(paper.issuer, id="second"))
    assert result.exit_code == 0, result.output
    first, second = Settings.load(config).tenants
    assert (first.own_callback, second.own_callback) == (False, True)
    assert "https://wristchart.hospital.example/callback/second" in result.output
    assert (second.backend_client_id, second.backend_scopes) == ("", ())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"id": "other"}, "registered as 'general'"),
        ({"id": "other", "slash": "/"}, "registered as 'general'"),
    ],
)
def test_an_issuer_is_registered_once(config, ehr, changes, words):
    add(config, *by_options(ehr.issuer))
    before = config.read_text()
    result = add(config, *by_options(ehr.issuer + changes.get("slash", ""), id=changes["id"]))
    assert result.exit_code == 2
    assert words in result.output
    assert config.read_text() == before


def test_an_id_is_given_once(config, ehr):
    add(config, *by_options(ehr.issuer))
    with PaperEhr(configuration(), None) as paper:
        result = add(config, *by_options(paper.issuer))
    assert "there is a tenant 'general'" in result.output


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"issuer": "http://ehr.hospital.example/fhir"}, "use the EHR's https address"),
        ({"issuer": "ehr.hospital.example"}, "https://"),
        ({"timezone": "Oslo"}, "Europe/Oslo"),
        ({"client_type": "secret"}, "asymmetric, symmetric, public"),
        ({"id": "General Hospital"}, "small letters"),
        ({"frame_ancestors": "https://ehr.example/path"}, "nothing after it"),
        ({"frame_ancestors": "*"}, "https://host"),
        ({"name": "a\nb"}, "line breaks"),
        ({"scopes": "patient/Patient.xy"}, "patient/Patient.xy"),
        ({"proxy": "proxy:3128"}, "http://host:port"),
        ({"ca_bundle": "/nowhere.pem"}, "PEM file"),
    ],
)
def test_a_bad_answer_says_what_to_write_and_nothing_is_written(config, ehr, changes, words):
    result = add(config, *by_options(**{"issuer": ehr.issuer, **changes}))
    assert result.exit_code != 0
    assert words in result.output
    assert config.read_text() == SITE


def test_a_script_that_leaves_a_question_open_is_told_the_option(config):
    result = add(config, answers="")
    assert result.exit_code == 2
    assert "--issuer" in result.output


def test_an_ehr_out_of_reach_is_not_written(config):
    result = add(config, *by_options("http://127.0.0.1:9/fhir"))
    assert result.exit_code == 1
    assert "nothing was written" in result.output
    assert config.read_text() == SITE


def test_an_ehr_without_pkce_is_not_written(config):
    with PaperEhr(configuration(code_challenge_methods_supported=[]), None) as paper:
        result = add(config, *by_options(paper.issuer))
    assert "PKCE with S256" in result.output
    assert config.read_text() == SITE


def test_an_old_server_is_found_by_its_capability_statement(config):
    uris = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
    old = statement(Patient="rs", MedicationRequest="rs")
    with PaperEhr(None, old) as paper:
        parts = [
            {"url": name, "valueUri": f"{paper.url}/auth/{name}"} for name in ("authorize", "token")
        ]
        old["rest"][0]["security"] = {"extension": [{"url": uris, "extension": parts}]}
        result = add(config, *by_options(paper.issuer, client_type="public"))
    assert result.exit_code == 0, result.output
    [tenant] = Settings.load(config).tenants
    assert tenant.scopes == ("launch", "patient/Patient.read", "patient/MedicationRequest.read")


def test_endpoints_elsewhere_are_asked_about_and_pinned(config):
    elsewhere = configuration(token_endpoint="https://login.ehr.example/token")
    with PaperEhr(elsewhere, None) as paper:
        refused = [flag for flag in by_options(paper.issuer) if flag != "--yes"]
        result = add(config, *refused, answers="n\n")
        assert "https://login.ehr.example" in result.output
        assert config.read_text() == SITE
        assert add(config, *by_options(paper.issuer)).exit_code == 0
    assert Settings.load(config).tenants[0].endpoint_origins == ("https://login.ehr.example",)


def test_endpoints_elsewhere_without_tls_are_refused(config):
    with PaperEhr(configuration(token_endpoint="http://login.ehr.example/token"), None) as paper:
        result = add(config, *by_options(paper.issuer))
    assert "without TLS" in result.output
    assert config.read_text() == SITE


def test_a_secret_comes_by_a_file_and_is_never_shown(config, ehr, tmp_path):
    (tmp_path / "secret").write_text("Zq7-fT2m_kW9xLr4Vb8s\n")
    options = by_options(ehr.issuer, client_type="symmetric")
    result = add(config, *options, "--client-secret-file", str(tmp_path / "secret"))
    assert result.exit_code == 0, result.output
    assert "Zq7-fT2m" not in result.output
    assert Settings.load(config).tenants[0].client_secret == "Zq7-fT2m_kW9xLr4Vb8s"


def test_a_default_secret_is_refused(config, ehr, tmp_path):
    (tmp_path / "secret").write_text("changeme-changeme")
    options = by_options(ehr.issuer, client_type="symmetric")
    result = add(config, *options, "--client-secret-file", str(tmp_path / "secret"))
    assert "that anybody can guess" in result.output
    assert config.read_text() == SITE


def test_a_link_to_the_file_stays_a_link(config, ehr, tmp_path):
    link = tmp_path / "link.toml"
    link.symlink_to(config)
    assert add(link, *by_options(ehr.issuer)).exit_code == 0
    assert link.is_symlink()
    assert len(tomllib.loads(config.read_text())["tenant"]) == 1


def test_a_site_without_a_settings_file_is_told_so(tmp_path):
    result = add(tmp_path / "none.toml")
    assert result.exit_code == 1
    assert "does not exist" in result.output
