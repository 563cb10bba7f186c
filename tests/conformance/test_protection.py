"""Where tokens and secrets may go, and where they may not."""

from __future__ import annotations

import dataclasses
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from config.start_checks import faults
from tests.conformance.browser import Browser, origin_of
from tests.conformance.conftest import Opener
from tests.conformance.simulator.ehr import SimulatedEhr
from tests.conformance.simulator.recording import Recording
from tests.conformance.simulator.trust import Certificate, certificate
from tests.conformance.site import Launched, Site, register, tenant_at


@pytest.fixture
def trusted(tmp_path: Path) -> Certificate:
    return certificate(tmp_path)


@pytest.fixture
def secure_ehr(recording: Recording, trusted: Certificate) -> Iterator[SimulatedEhr]:
    with SimulatedEhr(recording, tls=trusted.server_context()) as simulated:
        yield simulated


@pytest.fixture
def launched(site: Site, ehr: SimulatedEhr) -> Launched:
    found = site.launched(ehr)
    assert "Apixaban" in found.timeline()
    return found


def _redirected_to(site: Site, ehr: SimulatedEhr) -> str:
    browser = Browser()
    browser.get(site.launch_url(ehr))
    return browser.hops[0].location


@pytest.mark.requirement("1", "230", "232", "318")
def test_over_https_everything_is_sent_to_a_server_that_proves_itself(
    tmp_path: Path, secure_ehr: SimulatedEhr, trusted: Certificate, recording: Recording
) -> None:
    tenant = tenant_at(secure_ehr, ca_bundle=str(trusted.path), allow_http=False)
    with Site(tmp_path / "data", [tenant]) as site:
        register(site, secure_ehr, tenant)
        token, _ = site.backend()
        assert token.token()
        assert _redirected_to(site, secure_ehr).startswith(secure_ehr.url + "/auth/authorize")
    assert recording.one("/auth/token")


@pytest.mark.requirement("1", "230", "232", "318")
@pytest.mark.parametrize("kind", ["unknown authority", "another name"])
def test_a_server_that_does_not_prove_itself_gets_nothing(
    tmp_path: Path, recording: Recording, trusted: Certificate, kind: str
) -> None:
    name = "ehr.example" if kind == "another name" else "localhost"
    (tmp_path / "other").mkdir()
    its_own = certificate(tmp_path / "other", name)
    if kind == "another name":
        trusted = its_own
    with SimulatedEhr(recording, tls=its_own.server_context()) as ehr:
        tenant = tenant_at(ehr, ca_bundle=str(trusted.path), allow_http=False)
        with Site(tmp_path / "data", [tenant]) as site:
            assert Browser().get(site.launch_url(ehr)).status_code == 503
    assert recording.sent == []


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.requirement("1", "230", "232", "318")
def test_old_tls_is_not_spoken(tmp_path: Path, recording: Recording, trusted: Certificate) -> None:
    old = trusted.server_context(ssl.TLSVersion.TLSv1_1)
    with SimulatedEhr(recording, tls=old) as ehr:
        tenant = tenant_at(ehr, ca_bundle=str(trusted.path), allow_http=False)
        with Site(tmp_path / "data", [tenant]) as site:
            assert Browser().get(site.launch_url(ehr)).status_code == 503
    assert recording.sent == []


@pytest.mark.requirement("1", "230", "232", "318")
@pytest.mark.parametrize("issuer", ["http://ehr.example/fhir", "http://10.1.2.3/fhir"])
def test_plain_http_off_this_machine_does_not_even_start(
    site: Site, ehr: SimulatedEhr, tmp_path: Path, issuer: str
) -> None:
    tenant = tenant_at(ehr, issuer=issuer)
    settings = dataclasses.replace(site.settings, tenants=(tenant,))
    assert any(
        "http off this machine" in fault for fault in faults(settings, tmp_path / "site.toml", {})
    )


@pytest.mark.requirement("301")
def test_keys_and_callback_are_at_an_https_address_or_on_this_machine(
    site: Site, tmp_path: Path
) -> None:
    outside = dataclasses.replace(site.settings.web, url="http://wristchart.example")
    settings = dataclasses.replace(site.settings, web=outside)
    found = list(faults(settings, tmp_path / "site.toml", {}))
    assert any("[web] url" in fault for fault in found)
    assert not any("[web] url" in f for f in faults(site.settings, tmp_path / "site.toml", {}))


@pytest.mark.threat("T21")
@pytest.mark.requirement("5")
@pytest.mark.parametrize(
    "given", ["<script>alert(1)</script>", "{{7*7}}", "{% for x in (1,) %}y{% endfor %}", "${7*7}"]
)
@pytest.mark.parametrize("path", ["/launch", "/launch.html", "/callback", "/start", "/c/x/"])
def test_what_users_supply_is_shown_as_text_or_not_at_all(
    site: Site, given: str, path: str
) -> None:
    query = urlencode(dict.fromkeys(("iss", "launch", "state", "code", "error"), given))
    page = Browser().get(f"{site.url}{path}?{query}")
    assert "<script>alert" not in page.text
    assert ">49<" not in page.text
    assert "49" not in page.text.replace(quote(given), "").split("Reference")[0].split("?v=")[0]
    assert page.status_code < 500


@pytest.mark.requirement("5")
def test_no_page_of_a_sign_in_runs_inline_scripts(launched: Launched) -> None:
    own = [h for h in launched.browser.hops if h.url.startswith(launched.site.url)]
    policies = [hop.response.headers["Content-Security-Policy"] for hop in own]
    scripts = [_directive(policy, "script-src") for policy in policies]
    assert scripts
    assert not any("unsafe" in each or "*" in each or "http:" in each for each in scripts)


@pytest.mark.threat("T21")
@pytest.mark.requirement("5")
def test_what_the_ehr_sends_is_escaped(site: Site, ehr: SimulatedEhr) -> None:
    ehr.fhir.resources["Patient"]["ada"]["name"][0]["family"] = "<img src=x onerror=alert(1)>"
    shown = site.launched(ehr).patient()
    assert '"namespace"' in shown
    assert "DangerouslyAllow" not in shown


@pytest.mark.threat("T10")
@pytest.mark.requirement("6")
@pytest.mark.parametrize("name", ["next", "redirect_uri", "url", "return_to", "iss", "RelayState"])
def test_the_callback_leads_into_the_app_and_nowhere_else(
    site: Site, ehr: SimulatedEhr, name: str
) -> None:
    browser = Browser()
    browser.visit(site.launch_url(ehr), until="/callback")
    extra = {name: "https://evil.example/"}
    browser.get(f"{browser.hops[-1].location}&{urlencode(extra)}")
    location = browser.hops[-1].location
    assert location == "" or location.startswith("/c/")
    assert "evil.example" not in location


@pytest.mark.threat("T10")
@pytest.mark.requirement("6")
def test_no_answer_of_the_app_leads_anywhere_but_to_itself_and_the_ehr(
    launched: Launched, ehr: SimulatedEhr
) -> None:
    away = {
        origin_of(hop.location)
        for hop in launched.browser.hops
        if hop.location.startswith("http") and hop.url.startswith(launched.site.url)
    }
    assert away == {ehr.url}


@pytest.mark.threat("T11")
@pytest.mark.requirement("7")
def test_no_cookie_holds_a_token(launched: Launched, ehr: SimulatedEhr) -> None:
    cookies = "\n".join(line for hop in launched.browser.hops for line in hop.cookies_set)
    assert cookies
    assert not [token for token in ehr.tokens.issued if token in cookies]
    assert not [part for part in ("eyJ", "canary") if part in cookies]


@pytest.mark.requirement("7")
def test_cookies_are_secure_and_closed_to_scripts(launched: Launched) -> None:
    lines = [line for hop in launched.browser.hops for line in hop.cookies_set]
    assert all("; Secure" in line for line in lines)
    closed = [line for line in lines if not line.startswith("__Host-csrf")]
    assert all("; HttpOnly" in line for line in closed)


@pytest.mark.threat("T11")
@pytest.mark.requirement("7", "8")
def test_the_browser_never_sees_a_token(launched: Launched, ehr: SimulatedEhr) -> None:
    launched.sign_out()
    seen = launched.browser.seen() + launched.browser.stored()
    assert ehr.tokens.issued
    assert not [token for token in ehr.tokens.issued if token in seen]


@pytest.mark.threat("T11")
@pytest.mark.requirement("8", "9", "90")
def test_tokens_are_kept_by_the_app_alone_and_sealed(launched: Launched, ehr: SimulatedEhr) -> None:
    files = [path for path in launched.site.data.rglob("*") if path.is_file()]
    content = b"\n".join(path.read_bytes() for path in files)
    assert not [token for token in ehr.tokens.issued if token.encode() in content]
    assert launched.site.settings.app_database.stat().st_mode & 0o077 == 0


@pytest.mark.requirement("9", "90", "8")
def test_nothing_is_written_outside_the_data_folder(
    open_site: Opener, ehr: SimulatedEhr, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TMPDIR", str(home))
    assert "Apixaban" in open_site().launched(ehr).timeline()
    assert list(home.rglob("*")) == []


@pytest.mark.requirement("10")
def test_the_secret_of_a_client_is_not_in_what_is_delivered_to_browsers(
    open_site: Opener, ehr: SimulatedEhr
) -> None:
    secret = "a secret of this site alone"
    launched = open_site(client_type="symmetric", client_secret=secret).launched(ehr)
    page: Any = launched.page
    assert launched.path
    assert secret not in page.text + launched.browser.seen()


def _directive(policy: str, name: str) -> str:
    found = [part.strip() for part in policy.split(";") if part.strip().startswith(name)]
    return found[0] if found else ""
