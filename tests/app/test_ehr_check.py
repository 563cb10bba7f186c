"""`wristchart ehr check`: what it says of EHRs that work, and of those that do not."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask, jsonify
from werkzeug.serving import make_server

from app.cli import main
from app.ehr import clock_check, tls_check
from app.ehr.access_checks import stated
from app.ehr.report import Line, exit_code, failure, good, unknown, warning
from app.ehr.scope_checks import judged
from app.ehr.statement import parse_statement
from smart.keys import ClientKeys
from tests.support.chart_ehr import ChartEhr
from tests.support.paper_ehr import PaperEhr, configuration, statement

SCOPES = ["launch", "openid", "fhirUser", "patient/Patient.rs", "patient/MedicationRequest.rs"]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "keys"
    ClientKeys.open(folder)
    return folder


@pytest.fixture
def web(keys: Path) -> Iterator[str]:
    """The site's own public address, serving its keys."""
    app = Flask("web")
    app.get("/.well-known/jwks.json")(lambda: jsonify(ClientKeys.open(keys).public_jwks()))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def ehr(keys: Path, tmp_path: Path) -> Iterator[ChartEhr]:
    with ChartEhr(tmp_path / "ehr", keys) as running:
        yield running


def site(keys: Path, web: str, issuer: str, **changes: object) -> Path:
    """A settings file with one tenant."""
    listen = "".join(
        f'[{name}]\nhost = "127.0.0.1"\nport = 1\nurl = "{web if name == "web" else "http://127.0.0.1:1"}"\n'
        for name in ("web", "api", "gateway")
    )
    tenant = {
        "id": "hospital",
        "name": "General Hospital",
        "issuer": issuer,
        "timezone": "Europe/Oslo",
        "client_id": "wristchart",
        "scopes": SCOPES,
        "frame_ancestors": [],
        "backend_client_id": "",
        "backend_scopes": [],
        "allow_http": issuer.startswith("http:"),
        **changes,
    }
    lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in tenant.items())
    path = keys.parents[1] / "site.toml"
    path.write_text(f'data = "data"\n{listen}\n[[tenant]]\n{lines}\n')
    return path


def check(config: Path, *tenant: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(config), "ehr", "check", *tenant])


def of(ehr: ChartEhr) -> dict[str, object]:
    """The backend client that the demo EHR knows."""
    tenant = ehr.tenant
    return {
        "backend_client_id": tenant.backend_client_id,
        "backend_scopes": list(tenant.backend_scopes),
    }


def line(result: Result, part: str) -> str:
    [found] = [row for row in result.output.splitlines() if row[6:].startswith(part)]
    return found


def test_an_ehr_that_works_is_well_in_every_part(keys, web, ehr):
    result = check(site(keys, web, ehr.issuer, **of(ehr)))
    assert result.exit_code == 0, result.output
    assert "FAIL" not in result.output
    assert "conditional create in a transaction" in line(result, "Flag")
    assert "with the Backend token" in line(result, "read Flag")
    assert "by the CapabilityStatement" in line(result, "read MedicationRequest")


def test_nothing_in_the_ehr_is_changed_by_it(keys, web, ehr, tmp_path):
    def everything() -> list[tuple[object, ...]]:
        with sqlite3.connect(tmp_path / "ehr" / "ehr.db") as connection:
            return connection.execute("SELECT * FROM resources ORDER BY sequence").fetchall()

    before = everything()
    check(site(keys, web, ehr.issuer, **of(ehr)))
    assert before
    assert everything() == before


def test_without_a_backend_client_it_sends_nothing_but_reads(keys, web):
    with PaperEhr(configuration(), statement(Patient="rs")) as paper:
        check(site(keys, web, paper.issuer))
        assert paper.sent
        assert all(sent.startswith("GET /fhir/") for sent in paper.sent)


def test_a_scope_that_was_not_granted_is_named(keys, web, tmp_path):
    with ChartEhr(
        tmp_path / "ehr", keys, scopes="system/Patient.rs system/Observation.crus"
    ) as ehr:
        wanted = ["system/Patient.rs", "system/Observation.crus", "system/Flag.crus"]
        backend = {**of(ehr), "backend_scopes": wanted}
        result = check(site(keys, web, ehr.issuer, **backend))
    assert result.exit_code == 1
    assert "without system/Flag.c system/Flag.r system/Flag.s system/Flag.u" in result.output
    assert "offered but not granted" in line(result, "Flag")


def test_a_client_that_the_ehr_does_not_know_fails_with_a_mend(keys, web, ehr):
    result = check(site(keys, web, ehr.issuer, **{**of(ehr), "backend_client_id": "stranger"}))
    assert result.exit_code == 1
    assert line(result, "Backend Services").startswith("FAIL")
    assert "JWKS URL registered" in result.output


def test_keys_that_are_not_at_their_public_address_fail(keys, ehr):
    result = check(site(keys, "http://127.0.0.1:9", ehr.issuer))
    assert result.exit_code == 1
    assert line(result, "our keys").startswith("FAIL")
    assert "start the web role" in result.output


def test_keys_of_another_site_at_our_address_fail(keys, web, ehr, tmp_path):
    config = site(keys, web, ehr.issuer)
    (tmp_path / "data" / "keys").rename(tmp_path / "data" / "old")
    (tmp_path / "data" / "keys").mkdir(mode=0o700)
    text = config.read_text().replace('data = "data"', 'data = "other"')
    config.write_text(text)
    result = check(config)
    assert line(result, "our keys").startswith("FAIL")
    assert "without key" in line(result, "our keys")


def test_an_ehr_out_of_reach_cannot_be_checked(keys, web):
    result = check(site(keys, web, "http://127.0.0.1:9/fhir"))
    assert result.exit_code == 2
    assert line(result, "discovery").startswith("?")


def test_an_address_that_is_no_ehr_fails(keys, web):
    with PaperEhr(None, None) as paper:
        result = check(site(keys, web, paper.issuer))
    assert result.exit_code == 1
    assert "FHIR base URL, to the letter" in result.output


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"code_challenge_methods_supported": []}, "PKCE with S256"),
        ({"token_endpoint": None}, "names no token_endpoint"),
        ({"token_endpoint": "https://login.example/t"}, "endpoint_origins: https://login.example"),
        ({"token_endpoint_auth_methods_supported": ["none"], "capabilities": []}, "as public"),
    ],
)
def test_a_configuration_that_cannot_be_used_fails_with_a_mend(keys, web, changes, words):
    with PaperEhr(configuration(**changes), statement(Patient="rs")) as paper:
        result = check(site(keys, web, paper.issuer))
    assert result.exit_code == 1
    assert words in result.output


def test_a_kind_that_the_ehr_does_not_have_is_told(keys, web):
    with PaperEhr(configuration(), statement(Patient="rs")) as paper:
        result = check(site(keys, web, paper.issuer))
    assert result.exit_code == 1
    assert line(result, "read MedicationRequest").startswith("FAIL")


@pytest.mark.parametrize(
    ("changes", "names_itself", "verdict"),
    [({}, True, "ok"), ({"own_callback": True}, False, "ok"), ({}, False, "warn")],
)
def test_beside_other_ehrs_an_answer_has_to_show_whose_it_is(
    keys, web, changes, names_itself, verdict
):
    said = configuration(authorization_response_iss_parameter_supported=names_itself)
    with PaperEhr(said, statement(Patient="rs")) as paper:
        other = site(keys, web, "https://other.example/fhir", id="other").read_text()
        entry = other[other.index("[[tenant]]") :]
        config = site(keys, web, paper.issuer, **changes)
        config.write_text(config.read_text() + entry)
        result = check(config, "hospital")
    assert line(result, "callback").startswith(verdict)


def test_a_clock_that_is_off_is_told(keys, web):
    with PaperEhr(configuration(), statement(Patient="rs"), ahead=-120) as paper:
        result = check(site(keys, web, paper.issuer))
    assert line(result, "clocks").startswith("warn")
    assert "NTP" in result.output


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [(0, "ok"), (30, "ok"), (31, "warn"), (-31, "warn"), (240, "warn"), (241, "fail")],
)
def test_clocks_are_judged_by_what_assertions_bear(seconds, verdict):
    date = format_datetime(NOON + timedelta(seconds=seconds), usegmt=True)
    assert clock_check.judged(date, NOON).verdict == verdict


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_an_ehr_that_tells_no_time_is_a_warning(date):
    assert clock_check.judged(date, NOON).verdict == "warn"


@pytest.mark.parametrize(("days", "verdict"), [(400, "ok"), (31, "ok"), (29, "warn"), (0, "warn")])
def test_a_certificate_is_judged_by_the_days_it_has_left(days, verdict):
    found = tls_check.judged("TLS", "TLSv1.3", NOON + timedelta(days=days), NOON)
    assert found.verdict == verdict


@pytest.mark.parametrize(
    ("asked", "supported", "verdict"),
    [
        (["patient/Patient.rs"], ["patient/*.rs"], "ok"),
        (["patient/Patient.rs"], ["patient/*.*"], "ok"),
        (["patient/Patient.rs"], ["patient/Patient.crus"], "ok"),
        (["patient/Patient.rs"], ["patient/Patient.r"], "warn"),
        (["patient/Patient.rs"], ["user/*.rs"], "ok"),
        (["patient/Patient.rs"], ["openid", "fhirUser", "launch"], "ok"),
        (["patient/Patient.rs"], [], "ok"),
        (["openid"], ["launch"], "warn"),
        (["openid"], [], "ok"),
    ],
)
def test_scopes_are_compared_by_what_they_mean(asked, supported, verdict):
    assert judged("scopes", asked, frozenset(supported)).verdict == verdict


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [("Patient", "ok"), ("MedicationRequest", "fail"), ("Encounter", "warn"), ("Flag", "warn")],
)
def test_a_kind_not_offered_fails_only_where_it_is_needed(kind, verdict):
    assert stated(kind, parse_statement(statement(Patient="rs"))).verdict == verdict


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([good("a", "")], 0),
        ([good("a", ""), warning("b", "", "")], 0),
        ([warning("a", "", ""), unknown("b", "", "")], 2),
        ([unknown("a", "", ""), failure("b", "", "")], 1),
    ],
)
def test_the_exit_code_is_that_of_the_worst(lines: list[Line], code):
    assert exit_code(lines) == code


def test_a_tenant_that_is_not_there_cannot_be_checked(keys, web):
    result = check(site(keys, web, "http://127.0.0.1:9/fhir"), "elsewhere")
    assert result.exit_code == 2
    assert "there is hospital" in result.output


def test_a_site_without_settings_cannot_be_checked(tmp_path):
    assert check(tmp_path / "none.toml").exit_code == 2


def test_an_entry_with_which_nothing_starts_fails(keys, web):
    result = check(site(keys, web, "http://ehr.hospital.example/fhir"))
    assert result.exit_code == 1
    assert "https address" in result.output


def test_a_key_file_open_to_others_fails_before_anything_is_sent(keys, web):
    (keys / "client_keys.json").chmod(0o644)
    with PaperEhr(configuration(), None) as paper:
        result = check(site(keys, web, paper.issuer))
        assert paper.sent == []
    assert result.exit_code == 1
    assert line(result, "our keys").startswith("FAIL")
