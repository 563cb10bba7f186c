"""The registration page: ready to copy, true for this site, and nothing that is not public."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from app.registration_values import backend_scopes, launch_scopes, systems
from smart.scopes import check, parse


@pytest.fixture
def page(browser) -> str:
    response = browser.get("/register")
    assert response.status_code == 200
    return unescape(response.text)


def test_it_is_open_to_somebody_who_has_no_session(browser):
    assert browser.get("/register").status_code == 200


@pytest.mark.parametrize("path", ["/launch.html", "/callback", "/.well-known/jwks.json"])
def test_it_names_the_addresses_of_this_site(page, site, path):
    assert f"<code>{site.settings.web.url}{path}</code>" in page


@pytest.mark.parametrize(
    "name", ["SMART Health IT sandbox", "Epic", "Oracle Health", "athenahealth", "Any other SMART"]
)
def test_it_has_a_part_for_each_ehr(page, name):
    assert f">{name}" in page


def test_its_key_set_is_the_one_that_is_served(browser, page):
    served = browser.get("/.well-known/jwks.json").json
    shown = re.search(r"<pre[^>]*>(\{\s+\"keys\".*?)</pre>", page, re.DOTALL)
    assert shown
    assert json.loads(shown[1]) == served


def test_it_shows_no_private_key_and_no_secret(page, site):
    private = json.loads((site.settings.keys / "client_keys.json").read_text())
    assert all(key["d"] not in page for key in private["keys"])


def test_it_names_no_tenant(page, site):
    tenant = site.settings.tenants[0]
    assert tenant.issuer not in page
    assert tenant.name not in page


def test_nobody_may_frame_it_and_its_script_is_a_file(browser):
    response = browser.get("/register")
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert re.findall(r"<script[^>]*>(.*?)</script>", response.text, re.DOTALL) == [""]
    assert " style=" not in response.text


def test_a_site_on_loopback_says_that_others_cannot_reach_it(page):
    assert "answers on this machine only" in page


@pytest.mark.parametrize("scopes", [launch_scopes(), backend_scopes()])
def test_every_scope_follows_the_grammar(scopes):
    check(scopes)
    assert all(parse(scope) for scope in scopes if "." in scope)


@pytest.mark.parametrize("system", systems("https://w.example"), ids=lambda system: system.id)
def test_every_ehr_says_what_it_is_known_by(system):
    assert all(fact.source for fact in system.facts)
    assert "{" not in "".join(field.value for field in system.fields if "\n" not in field.value)


def test_kinds_that_an_ehr_lacks_are_not_asked_for():
    oracle = next(s for s in systems("https://w.example") if s.id == "oracle-health")
    asked = next(field.value for field in oracle.fields if field.label == "Scopes")
    assert "patient/MedicationRequest.rs" in asked
    assert "patient/MedicationStatement.rs" not in asked
    assert "*" not in asked
