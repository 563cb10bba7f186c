"""The configuration matrix: a site that starts, and each way in which one must not."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from config.origins import is_loopback, is_origin, origin
from config.settings import Listen, Settings, Tenant, VendorApp
from config.start_checks import faults

SECRET = "Zq7-fT2m_kW9xLr4Vb8s"
TENANT = Tenant(
    id="hospital",
    name="General Hospital",
    issuer="https://ehr.hospital.example/fhir",
    timezone="Europe/Oslo",
    client_id="wristchart",
    scopes=("launch",),
    frame_ancestors=("https://ehr.hospital.example",),
    backend_client_id="",
    backend_scopes=(),
)
VENDOR = VendorApp(
    vendor="withings",
    client_id="w",
    client_secret=SECRET,
    authorize_url="https://w.example/a",
    token_url="https://w.example/t",
    api_url="https://w.example",
    revoke_url="https://w.example/r",
    redirect_uri="https://w.hospital.example/link/callback/withings",
    webhook_secret=SECRET[::-1],
)


@pytest.fixture
def site(tmp_path: Path) -> Settings:
    data = tmp_path / "data"
    (data / "keys").mkdir(parents=True, mode=0o700)
    data.chmod(0o700)
    (data / "keys" / "client_keys.json").touch(mode=0o600)
    (tmp_path / "site.toml").touch(mode=0o600)
    return Settings(
        data=data,
        web=Listen("127.0.0.1", 8410, "https://wristchart.hospital.example"),
        api=Listen("127.0.0.1", 8411, "http://127.0.0.1:8411"),
        gateway=Listen("127.0.0.1", 8412, "wss://ecg.hospital.example"),
        tenants=(TENANT,),
        vendors={"withings": VENDOR},
    )


def found(site: Settings, **environment: str) -> list[str]:
    return list(faults(site, site.data.parent / "site.toml", environment))


def of_tenant(site: Settings, **changes: object) -> list[str]:
    return found(replace(site, tenants=(replace(TENANT, **changes),)))


def of_vendor(site: Settings, **changes: object) -> list[str]:
    return found(replace(site, vendors={"withings": replace(VENDOR, **changes)}))


def test_a_site_as_it_should_be_starts(site):
    assert found(site) == []


def test_a_site_whose_data_folder_is_not_there_yet_starts(site, tmp_path):
    assert found(replace(site, data=tmp_path / "none")) == []


@pytest.mark.threat("T48")
@pytest.mark.parametrize("name", ["WRISTCHART_DEBUG", "FLASK_DEBUG", "DASH_DEBUG"])
@pytest.mark.parametrize("value", ["1", "true", "yes", "on"])
def test_debug_mode_is_refused(site, name, value):
    assert found(site, **{name: value}) == [
        f"{name} is set, and debug mode shows charts and secrets: unset {name}"
    ]


@pytest.mark.parametrize("value", ["", "0", "false", "False", "off"])
def test_debug_mode_switched_off_is_fine(site, value):
    assert found(site, FLASK_DEBUG=value) == []


@pytest.mark.threat("T48")
@pytest.mark.parametrize(
    "secret",
    [
        "",
        "Zq7-fT2m_kW9xLr",
        "changeme-changeme",
        "please-change-this-secret",
        "your-client-secret-here",
        "super_secret_password_123",
        "0123456789abcdef",
        "aaaaaaaaaaaaaaaaaaaaaaaa",
        "abababababababababab",
        "wristchart-demo-secret",
        "replace-me-with-a-secret",
    ],
)
@pytest.mark.parametrize("field", ["client_secret", "webhook_secret"])
def test_a_short_or_default_secret_is_refused_and_not_repeated(site, field, secret):
    [fault] = of_vendor(site, **{field: secret})
    assert field in fault
    assert not secret or secret not in fault


@pytest.mark.parametrize(
    "secret", [SECRET, "b3b1c1f0e9d24a55a0a8c8f1a5d2e7c4", "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"]
)
def test_a_secret_made_at_random_is_fine(site, secret):
    assert of_vendor(site, client_secret=secret, webhook_secret=secret) == []


def test_a_symmetric_client_needs_a_secret_and_others_do_not(site):
    assert "client_secret" in of_tenant(site, client_type="symmetric")[0]
    assert of_tenant(site, client_type="symmetric", client_secret=SECRET) == []
    assert of_tenant(site, client_type="public") == []


def test_an_unknown_write_mode_is_refused(site):
    assert "shadow, after_confirmation, automatic" in of_tenant(site, write_mode="live")[0]
    assert of_tenant(site, write_mode="after_confirmation") == []


def test_an_unknown_proof_of_patients_is_refused(site):
    assert "birth-date, ehr" in of_tenant(site, patient_proof="guess")[0]
    assert of_tenant(site, patient_proof="ehr") == []


def test_an_unknown_client_type_is_refused(site):
    assert "asymmetric, symmetric, public" in of_tenant(site, client_type="confidential")[0]


@pytest.mark.threat("T48")
@pytest.mark.parametrize(
    ("issuer", "word"),
    [
        ("http://ehr.hospital.example/fhir", "https"),
        ("http://10.0.0.5/fhir", "https"),
        ("http://localhost.hospital.example/fhir", "https"),
        ("http://127.0.0.1:8400/fhir", "allow_http"),
        ("ehr.hospital.example/fhir", "https"),
        ("ftp://ehr.hospital.example/fhir", "https"),
        ("https://ehr.hospital.example:99999/fhir", "https"),
        ("https://[::1/fhir", "https"),
        ("https://ehr.hospital.example/fhir?x=1", "?"),
        ("https://ehr.hospital.example/fhir#x", "#"),
        ("https://user:pass@ehr.hospital.example/fhir", "@"),
        ("", "https"),
    ],
)
def test_an_issuer_that_is_not_https_is_refused(site, issuer, word):
    [fault] = of_tenant(site, issuer=issuer)
    assert "issuer" in fault
    assert word in fault


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "ehr.localhost"])
def test_http_on_loopback_is_fine_where_it_is_allowed(site, host):
    assert of_tenant(site, issuer=f"http://{host}:8400/fhir", allow_http=True) == []


def test_allow_http_is_for_loopback_only(site):
    assert of_tenant(site, issuer="http://ehr.hospital.example/fhir", allow_http=True)


@pytest.mark.threat("T48")
@pytest.mark.parametrize(
    ("role", "url"),
    [
        ("web", "http://wristchart.hospital.example"),
        ("web", "https:///nowhere"),
        ("web", "wristchart.hospital.example"),
        ("api", "http://10.0.0.5:8411"),
        ("gateway", "ws://ecg.hospital.example"),
        ("gateway", "ecg.hospital.example"),
    ],
)
def test_a_role_without_tls_off_loopback_is_refused(site, role, url):
    [fault] = found(replace(site, **{role: Listen("127.0.0.1", 1, url)}))
    assert fault.startswith(f"[{role}] url")
    assert "TLS" in fault


@pytest.mark.parametrize("port", [0, -1, 70_000])
def test_a_port_that_is_none_is_refused(site, port):
    assert f"port {port}" in found(replace(site, web=replace(site.web, port=port)))[0]


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), 1e9])
def test_a_scale_that_is_no_factor_is_refused(site, scale):
    assert "rate_scale" in of_vendor(site, rate_scale=scale)[0]


@pytest.mark.parametrize("field", ["token_url", "api_url", "redirect_uri", "authorize_url"])
def test_a_vendor_without_tls_off_loopback_is_refused(site, field):
    assert field in of_vendor(site, **{field: "http://vendor.example/x"})[0]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("frame_ancestors", "*"),
        ("frame_ancestors", "https://*.hospital.example"),
        ("frame_ancestors", "https://ehr.hospital.example/path"),
        ("frame_ancestors", "https://ehr.hospital.example; script-src *"),
        ("frame_ancestors", "http://ehr.hospital.example"),
        ("frame_ancestors", "'self'"),
        ("endpoint_origins", "https://login.hospital.example/oauth2"),
        ("endpoint_origins", "http://login.hospital.example"),
        ("allowed_networks", "0.0.0.0/0"),
        ("allowed_networks", "10.0.0.0/33"),
        ("allowed_networks", "intranet"),
    ],
)
def test_an_opening_wider_than_needed_is_refused(site, field, value):
    assert field in of_tenant(site, **{field: (value,)})[0]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ca_bundle", "/nowhere/ca.pem"),
        ("proxy", "proxy.hospital.example"),
        ("timezone", "Oslo"),
        ("timezone", "../../etc/passwd"),
        ("signing_algorithm", "HS256"),
        ("jwks_url", "http://wristchart.hospital.example/jwks.json"),
        ("client_id", ""),
        ("id", ""),
        ("backend_client_id", "delivery"),
    ],
)
def test_an_entry_that_cannot_work_is_refused_by_name(site, field, value):
    [fault] = of_tenant(site, **{field: value})
    assert field in fault


def test_two_tenants_of_one_id_or_issuer_are_refused(site):
    other = replace(TENANT, issuer=TENANT.issuer + "/")
    said = found(replace(site, tenants=(TENANT, other)))
    assert [fault.split("entries")[1].split("'")[0].strip() for fault in said] == [
        "have the id",
        "have the issuer",
    ]


@pytest.mark.threat("T48")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_key_that_others_can_read_is_refused(site, mode):
    key = site.keys / "client_keys.json"
    key.chmod(mode)
    assert found(site) == [
        f"{key} can be read by others than its owner: chmod 600 it",
    ]


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o755])
def test_an_open_folder_of_keys_is_refused(site, mode):
    site.keys.chmod(mode)
    assert "chmod 700" in found(site)[0]


def test_a_data_folder_open_to_everybody_is_refused(site):
    site.data.chmod(0o755)
    assert "chmod o-rwx" in found(site)[0]


@pytest.mark.threat("T48")
def test_settings_with_secrets_open_to_everybody_are_refused(site):
    (site.data.parent / "site.toml").chmod(0o644)
    assert "chmod 640" in found(site)[0]
    assert found(replace(site, vendors={})) == []


def test_every_fault_is_told_at_once(site):
    site.data.chmod(0o755)
    bad = replace(TENANT, issuer="http://ehr.example/fhir", client_type="magic")
    assert len(found(replace(site, tenants=(bad,)), FLASK_DEBUG="1")) == 4


@pytest.mark.threat("T48")
@pytest.mark.parametrize(
    "role", ["web", "api", "gateway", "worker", "poller", "engine", "delivery"]
)
def test_no_role_starts_in_debug_mode(tmp_path, role):
    listen = "".join(
        f'[{name}]\nhost = "127.0.0.1"\nport = 0\nurl = "http://127.0.0.1:1"\n'
        for name in ("web", "api", "gateway")
    )
    (tmp_path / "site.toml").write_text('data = "d"\n' + listen)
    started = subprocess.run(
        [sys.executable, "-m", "app.cli", "--config", str(tmp_path / "site.toml"), "run", role],
        env={**os.environ, "WRISTCHART_DEBUG": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert started.returncode == 1
    assert "unset WRISTCHART_DEBUG" in started.stderr
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize(
    "text", ["https://ehr.example", "http://localhost:8400", "https://[::1]:1"]
)
def test_an_origin_is_scheme_host_and_port(text):
    assert is_origin(text)
    assert origin(text + "/a/b?c") == text


@pytest.mark.parametrize("text", ["https://ehr.example:443x", "https://EHR.example", "//a", "a b"])
def test_what_is_no_origin(text):
    assert not is_origin(text)


def test_loopback_is_told_by_name_or_number():
    assert is_loopback("http://127.8.9.1/x")
    assert not is_loopback("http://127.0.0.1.example/x")
