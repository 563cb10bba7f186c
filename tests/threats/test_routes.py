"""Who may ask for what: every route of both servers stands in a table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app.cookies import CSRF, SESSION
from tests.app.conftest import WEB
from tests.threats.hospital import Hospital

pytestmark = pytest.mark.threat("T15")

PUBLIC = "public"
SESSIONS = "a session"
CONTEXT = "a launch of this session"
LOOK = "a launch of this session, or nothing there"
ASSERTION = "a signed assertion of who asks for whom"
SECRET = "a secret of its own"
WEB_ROUTES = {
    "/static/<path:filename>": PUBLIC,
    "/launch.html": PUBLIC,
    "/launch": PUBLIC,
    "/launch/probe": PUBLIC,
    "/start": PUBLIC,
    "/start/<identifier>": PUBLIC,
    "/identify/<identifier>": PUBLIC,  # the way to the EHR's sign-in
    "/callback": SECRET,  # the state of a sign-in that this browser began
    "/callback/<own>": SECRET,
    "/sign-out": PUBLIC,  # its form acts on the session that sends it
    "/register": PUBLIC,
    "/deliveries": SESSIONS,  # of an operator
    "/deliveries/<tenant>/<int:number>": SESSIONS,
    "/deliveries/<tenant>/<int:number>/replay": SESSIONS,
    "/.well-known/jwks.json": PUBLIC,
    "/healthz": PUBLIC,
    "/theme/<context>.css": LOOK,
    "/c/assets/<path:filename>": PUBLIC,
    "/c/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>": PUBLIC,
    "/c/_favicon.ico": PUBLIC,
    "/c/_dash-layout": SESSIONS,
    "/c/_dash-dependencies": SESSIONS,
    "/c/_reload-hash": SESSIONS,
    "/c/_dash-update-component": CONTEXT,
    "/c/": CONTEXT,
    "/c/<path:path>": CONTEXT,
}
API_ROUTES = {
    "/healthz": PUBLIC,
    "/link/static/<path:filename>": PUBLIC,
    "/link/<token>": SECRET,  # an invitation
    "/link/<token>/proof": SECRET,
    "/link/<token>/sign-in": SECRET,
    "/link/again/<tenant>": PUBLIC,  # the way to the hospital's sign-in
    "/link/identified": SECRET,  # the state of a sign-in that this browser began
    "/link/me": SECRET,  # a patient's session
    "/link/me/consent": SECRET,
    "/link/me/device": SECRET,
    "/link/me/unlink/<int:account_id>": SECRET,
    "/link/me/sign-out": SECRET,
    "/link/me/<vendor>": SECRET,
    "/link/callback/<vendor>": SECRET,  # the state of a linking that this browser began
    "/webhooks/<vendor>": SECRET,  # a signature
    "/webhooks/<vendor>/<secret>": SECRET,
    "/api/v1/openapi.json": PUBLIC,
    "/api/v1/docs": PUBLIC,
    "/api/v1/device/pushes": SECRET,  # a device's token
    "/api/v1/patient": ASSERTION,
    "/api/v1/patient/days": ASSERTION,
    "/api/v1/patient/heart-rate": ASSERTION,
    "/api/v1/patient/measurements": ASSERTION,
    "/api/v1/patient/rhythm": ASSERTION,
    "/api/v1/patient/findings": ASSERTION,
    "/api/v1/patient/findings/<finding_id>/strip": ASSERTION,
    "/api/v1/patient/findings/<finding_id>/beats": ASSERTION,
    "/api/v1/patient/findings/<finding_id>/decisions": ASSERTION,
    "/api/v1/patient/invitations": ASSERTION,
    "/api/v1/patient/ecg-tokens": ASSERTION,
    "/api/v1/deliveries": ASSERTION,
    "/api/v1/deliveries/<number>": ASSERTION,
    "/api/v1/deliveries/<number>/replay": ASSERTION,
    "/api/v1/patient/consent": ASSERTION,
    "/api/v1/patient/consent/withdrawal": ASSERTION,
    "/api/v1/patient/work-items": ASSERTION,
    "/api/v1/patient/work-items/<item_id>/settlement": ASSERTION,
}
OF_MARIT = (b"Marit", b"Solheim", b"Apixaban", b"patch-of-marit")


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    folder: Path = tmp_path_factory.mktemp("routes") / "data"
    with Hospital(folder) as running:
        running.browser().launch("marit")
        yield running


def rules(app: Flask) -> list[Rule]:
    return list(app.url_map.iter_rules())


def answers(client: FlaskClient, rule: Rule, **options: Any) -> list[TestResponse]:
    """What a route says to every method it knows, with something in place of its parameters."""
    path = re.sub(r"<[^>]+>", "A" * 32, re.sub("<int:[^>]+>", "1", rule.rule))
    methods = sorted((rule.methods or set()) - {"OPTIONS", "HEAD"})
    return [client.open(path, method=each, base_url=WEB, **options) for each in methods]


def test_every_route_of_the_web_role_is_in_the_table(hospital: Hospital) -> None:
    assert {rule.rule for rule in rules(hospital.site.app)} == WEB_ROUTES.keys()


def test_every_route_of_the_backend_is_in_the_table(hospital: Hospital) -> None:
    assert {rule.rule for rule in rules(hospital.api)} == API_ROUTES.keys()


@pytest.mark.parametrize("cookie", ["", "x" * 43])
def test_without_a_session_nothing_of_the_page_is_answered(hospital: Hospital, cookie: str) -> None:
    for rule in rules(hospital.site.app):
        if WEB_ROUTES[rule.rule] in (SESSIONS, CONTEXT):
            client = hospital.site.app.test_client()
            client.set_cookie(SESSION, cookie, domain="127.0.0.1")
            for answer in answers(client, rule):
                assert answer.status_code == 403, rule.rule


def test_a_session_alone_opens_no_chart(hospital: Hospital) -> None:
    browser = hospital.browser()
    browser.launch("jonas")
    headers = {"Origin": WEB, "X-CSRFToken": browser.cookie(CSRF)}
    for rule in rules(hospital.site.app):
        if WEB_ROUTES[rule.rule] == CONTEXT:
            for answer in answers(browser.client, rule, headers=headers):
                assert answer.status_code == 403, rule.rule


@pytest.mark.parametrize(
    "header", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic x"}]
)
def test_without_an_assertion_the_backend_says_nothing_of_anybody(
    hospital: Hospital, header: dict[str, str]
) -> None:
    for rule in rules(hospital.api):
        if API_ROUTES[rule.rule] == ASSERTION:
            for answer in answers(hospital.api.test_client(), rule, headers=header):
                assert answer.status_code == 401, rule.rule


def test_no_open_route_says_anything_of_a_patient(hospital: Hospital) -> None:
    for app, table in ((hospital.site.app, WEB_ROUTES), (hospital.api, API_ROUTES)):
        for rule in rules(app):
            if table[rule.rule] in (PUBLIC, SECRET, LOOK):
                for answer in answers(app.test_client(), rule):
                    assert answer.status_code < 500, rule.rule
                    assert not any(word in answer.data for word in OF_MARIT), rule.rule
