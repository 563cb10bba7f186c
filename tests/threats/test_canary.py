"""Codes, tokens and secrets are recognisable here; a whole life of the app leaves none of them."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
import structlog

from app.demo.processes import wait_until
from app.running import configure_logging
from tests.conformance.browser import Browser
from tests.conformance.simulator.ehr import SimulatedEhr
from tests.conformance.simulator.recording import Recording, Sent
from tests.conformance.simulator.registrations import Registration
from tests.conformance.simulator.server import Answer, of_json
from tests.conformance.site import SCOPES, Site
from tests.support.stack import free_ports
from tests.threats.callbacks import answered_by_the_server, body_of, values_of
from tests.threats.canaries import files, found, private_keys, secrets_of

pytestmark = pytest.mark.threat("T11")

ROOT = Path(__file__).parents[2]
SECRET = "canary kX9&v/Qz2+zL7 pT4 wB8 hR5"
START_SECONDS = 60
CONFIG = """
data = "data"
web = {{host = "127.0.0.1", port = {port}, url = "{url}"}}
api = {{host = "127.0.0.1", port = 9, url = "http://127.0.0.1:9"}}
gateway = {{host = "127.0.0.1", port = 9, url = "ws://127.0.0.1:9"}}

[[tenant]]
id = "ehr"
name = "Simulated Hospital"
issuer = "{issuer}"
timezone = "Europe/Oslo"
client_id = "canary-client"
client_type = "{kind}"
client_secret = "{secret}"
scopes = {scopes}
frame_ancestors = ["{ehr}"]
backend_client_id = ""
backend_scopes = []
allow_http = true
"""


@dataclass
class Role:
    """The web role in a process of its own, with folders and a log of its own."""

    folder: Path
    ehr: SimulatedEhr
    kind: str
    id_tokens: list[str] = field(default_factory=list)
    visits: list[Browser] = field(default_factory=list)

    def __enter__(self) -> Role:
        self.port = free_ports()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config, self.log = self.folder / "site" / "wristchart.toml", self.folder / "web.log"
        for name in ("site", "tmp"):
            (self.folder / name).mkdir(mode=0o700)
        self.config.touch(mode=0o600)
        self.config.write_text(self._settings())
        self._register()
        command = [sys.executable, "-m", "app.cli", "--config", str(self.config), "run", "web"]
        environment = {**os.environ, "TMPDIR": str(self.folder / "tmp")}
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        wait_until(lambda: self._answers() or self._process.poll() is not None, START_SECONDS)
        assert self._process.poll() is None, self.log.read_text()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(START_SECONDS)

    def launch(self, *, until: str = "") -> tuple[Browser, str]:
        """A launch in a browser of its own, and the path it ends at."""
        browser = Browser()
        self.visits.append(browser)
        page = browser.visit(f"{self.url}/launch?iss={self.ehr.base}&launch=l", until=until)
        return browser, page.url.removeprefix(self.url)

    def use(self, browser: Browser, path: str) -> None:
        """Open the page, all that Dash asks for first, and let every callback run."""
        for address in (path, "/c/_dash-layout", "/c/_reload-hash"):
            browser.get(f"{self.url}{address}")
        known = browser.get(f"{self.url}/c/_dash-dependencies").json()
        csrf = browser.cookies[self.url]["__Host-csrf"]
        headers = {"Origin": self.url, "X-CSRFToken": csrf}
        for entry in answered_by_the_server(known):
            body = body_of(entry, path, values_of("f1"))
            address = f"{self.url}/c/_dash-update-component"
            browser.request("POST", address, json=body, headers=headers)

    def sign_out(self, browser: Browser) -> None:
        """Sign out by the page's own form."""
        browser.submit(browser.get(f"{self.url}/sign-out"))

    def places(self) -> dict[str, bytes]:
        """Every answer of the app, its log, and every file it has made."""
        seen = {
            f"answer {number} to browser {browser} ({hop.url[:60]})": _whole(hop.response)
            for browser, visit in enumerate(self.visits)
            for number, hop in enumerate(visit.hops)
            if hop.url.startswith(self.url)
        }
        keys = self.config.parent / "data" / "keys"
        return seen | files(self.folder, but=[self.config, keys])

    def _settings(self) -> str:
        secret = SECRET if self.kind == "symmetric" else ""
        scopes = str(SCOPES.split()).replace("'", '"')
        return CONFIG.format(
            port=self.port,
            url=self.url,
            issuer=self.ehr.base,
            ehr=self.ehr.url,
            kind=self.kind,
            secret=secret,
            scopes=scopes,
        )

    def _register(self) -> None:
        jwks = f"{self.url}/.well-known/jwks.json"
        self.ehr.register(
            Registration("canary-client", self.kind, (f"{self.url}/callback",), SECRET, jwks)
        )
        usual = self.ehr.tokens._id_token

        def noted(*arguments: Any) -> str:
            self.id_tokens.append(usual(*arguments))
            return self.id_tokens[-1]

        self.ehr.tokens._id_token = noted  # type: ignore[method-assign]

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/healthz", timeout=2).ok
        except requests.RequestException:
            return False


def _whole(answer: requests.Response) -> bytes:
    headers = "\n".join(f"{name}: {value}" for name, value in answer.raw.headers.items())
    return headers.encode() + b"\n\n" + answer.content


def echo(sent: Sent) -> Answer:
    """A refusal that repeats all it was sent."""
    said = sent.body.decode() + str(dict(sent.headers))
    return of_json({"error": "invalid_grant", "error_description": said}, 400)


def live_a_whole_life(role: Role, ehr: SimulatedEhr) -> str:
    """Launch, look, refresh, fail in every way, sign out, start anew; the last page's path."""
    browser, path = role.launch()
    role.use(browser, path)
    _, second = role.launch()
    assert second.startswith("/c/")
    refreshed, path = role.launch()
    ehr.behaviour.id_token_on_refresh = {"nonce": None}
    ehr.tokens.expire_access()
    role.use(refreshed, path)
    _fail_at_the_token_endpoint(role, ehr)
    _fail_at_the_fhir_server(role, ehr)
    role.sign_out(browser)
    role.sign_out(refreshed)
    last, path = role.launch()
    half_way, _ = role.launch(until="/callback")
    ehr.close()
    role.use(last, path)
    half_way.get(half_way.hops[-1].location)
    role.launch(until="/auth/authorize")
    return path


def _fail_at_the_token_endpoint(role: Role, ehr: SimulatedEhr) -> None:
    usual = ehr.tokens.answer
    browser, path = role.launch()
    ehr.tokens.answer = echo  # type: ignore[method-assign]
    ehr.tokens.expire_access()
    role.use(browser, path)
    role.launch()
    ehr.tokens.answer = usual  # type: ignore[method-assign]
    ehr.behaviour.answer = {"token_type": "mac"}
    role.launch()
    ehr.behaviour.answer = {}
    ehr.behaviour.claims = {"aud": "another"}
    role.launch()
    ehr.behaviour.claims = {}


def _fail_at_the_fhir_server(role: Role, ehr: SimulatedEhr) -> None:
    for status in (500, 200):
        browser, path = role.launch()
        echoed = " ".join(ehr.tokens.issued).encode()
        for kind in ("Patient/ada", "MedicationRequest"):
            ehr.behaviour.always[f"/fhir/{kind}"] = Answer(status, b"<html>" + echoed)
        role.use(browser, path)
        ehr.behaviour.always.clear()


@pytest.mark.parametrize("kind", [pytest.param("symmetric", marks=pytest.mark.long), "asymmetric"])
def test_a_whole_life_leaves_no_secret_anywhere(
    ehr: SimulatedEhr, recording: Recording, tmp_path: Path, kind: str
) -> None:
    data = tmp_path / "site" / "data"
    with Role(tmp_path, ehr, kind) as role:
        path = live_a_whole_life(role, ehr)
        places = role.places()
    after = {f"{name} at the end": content for name, content in role.places().items()}
    secrets = secrets_of(ehr, recording) | set(role.id_tokens) | private_keys(data / "keys")
    assert len(ehr.tokens.issued) >= 14
    assert len(role.id_tokens) >= 7
    assert len(secrets) >= 40
    assert found(secrets, places | after) == []
    # the sweep has looked where it should: what is no secret is found there
    harmless = found([path.split("/")[2], "part missing"], places)
    assert len(places) >= 80
    assert any("in site/data/app.db" in each for each in harmless)
    assert any("in web.log" in each for each in harmless)
    assert any("in answer" in each for each in harmless)


@pytest.mark.parametrize("secret", ["canary-plain-0123456789", "canary with a space & an ä 0123"])
@pytest.mark.parametrize("before", ["", "x", "xy", "xyz"])
def test_a_secret_that_is_left_somewhere_is_found(tmp_path: Path, secret: str, before: str) -> None:
    """The control: the sweep sees what it is meant to see."""
    raw = (before + secret).encode()
    left = {
        "plain": raw,
        "address": quote(raw.decode(), safe="").encode(),
        "json": json.dumps({"x": raw.decode()}).encode(),
        "base64": base64.b64encode(raw + b":rest"),
        "base64url": base64.urlsafe_b64encode(raw + b":rest"),
        "hexadecimal": raw.hex().encode(),
    }
    for name, content in left.items():
        (tmp_path / name).write_bytes(b"before " + content + b" after")
    where = {each.rpartition(" ")[2] for each in found([secret], files(tmp_path))}
    assert where == left.keys()


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What the running role would write to its log."""
    configure_logging("web")
    written = StringIO()
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(file=written))
    yield written
    structlog.reset_defaults()


@pytest.mark.parametrize("where", ["app.access.LaunchAccess.token", "app.chart_reading._banner"])
def test_a_traceback_names_no_secret(
    site: Site,
    ehr: SimulatedEhr,
    recording: Recording,
    log: StringIO,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    launched = site.launched(ehr)
    path = launched.path

    def fail(*arguments: Any) -> None:
        tokens = ehr.tokens.issued  # a local that a traceback with locals would print
        raise RuntimeError(f"{len(tokens)} tokens, {len(arguments)} arguments")

    monkeypatch.setattr(where, fail)
    shown = launched.patient()
    said = log.getvalue()
    assert "callback failed" in said
    assert path not in said
    assert found(secrets_of(ehr, recording), {"log": said.encode(), "page": shown.encode()}) == []
