"""The demo EHR on a real port, with Wristchart registered as any type of client."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from flask import Flask, g
from flask.testing import FlaskClient
from waitress.server import create_server

from app.access import LaunchAccess
from app.contexts import LaunchContext
from app.cookies import SESSION
from app.factory import create_app
from app.parts import Parts
from app.services import LaunchedServices
from config.settings import Listen, Settings, Tenant
from sandbox.ehr.app import create_app as create_ehr
from sandbox.ehr.clients import client_of
from sandbox.ehr.settings import Settings as EhrSettings
from tests.support.client_keys import client_keys, place_signing_key
from tests.support.forms import Form

WEB = "http://127.0.0.1:8410"
SCOPES = [
    "launch",
    "launch/patient",
    "openid",
    "fhirUser",
    "offline_access",
    "patient/Patient.rs",
    "patient/MedicationRequest.rs",
    "patient/Medication.rs",
    "patient/MedicationStatement.rs",
]
SECRET = "kZ8-4rT:q1 &w/9y+LmP%e"


class Hospital:
    """The demo EHR on a real port, and Wristchart registered with it."""

    def __init__(self, folder: Path, kind: str = "asymmetric", **tenant: Any) -> None:
        secret = SECRET if kind == "symmetric" else ""
        entry = {
            "client_id": "wristchart",
            "kind": kind,
            "client_secret": secret,
            "jwks": client_keys(folder / "web" / "keys").public_jwks(),
            "redirect_uris": [f"{WEB}/callback"],
            "scopes": SCOPES,
        }
        self._server = create_server(Flask("later"), host="127.0.0.1", port=0)
        self.url = f"http://localhost:{self._server.effective_port}"
        clients = {"wristchart": client_of(entry)}
        place_signing_key(folder / "ehr")
        self._server.application = create_ehr(EhrSettings(self.url, folder / "ehr", clients))
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        known = {"client_type": kind, "client_secret": secret, **tenant}
        self.parts = Parts.open(self._settings(folder / "web", known))
        self.web = create_app(self.parts)
        self.services = LaunchedServices.over(self.parts)

    def close(self) -> None:
        self._server.close()
        self._server._map.clear()  # kept connections would hold its loop
        self._thread.join(timeout=5)

    def launch(self, browser: FlaskClient, patient: str) -> str:
        """Open a chart; the path of the page."""
        minted = requests.post(
            f"{self.url}/sandbox/launches", json={"patient": patient}, timeout=10
        )
        query = urlencode({"iss": f"{self.url}/fhir", "launch": minted.json()["launch"]})
        form = Form(browser.get(f"/launch?{query}", base_url=WEB).text)
        return self.back(browser, _sent(form.action, form.fields))

    def start(self, browser: FlaskClient, patient: str) -> str:
        """Start from our own page and pick a patient at the EHR; the path of the page."""
        form = Form(browser.get("/start/sandbox", base_url=WEB).text)
        picker = _sent(form.action, form.fields)
        choice = Form(picker.text)
        picked = _sent(self.url + choice.action, choice.fields | {"patient": patient})
        return self.back(
            browser,
            requests.get(picked.headers["Location"], allow_redirects=False, timeout=10),
        )

    def back(self, browser: FlaskClient, signed_in: requests.Response) -> str:
        """Follow the EHR's answer to our callback; the path of the page."""
        back = urlsplit(signed_in.headers["Location"])
        answer = browser.get(f"{back.path}?{back.query}", base_url=WEB)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def context(self, browser: FlaskClient, identifier: str) -> LaunchContext:
        """A live context of this browser."""
        cookie = browser.get_cookie(SESSION, domain="127.0.0.1")
        session = self.parts.sessions.find(cookie.value if cookie else "") or ""
        return self.parts.contexts.find(identifier, session)

    def access(self, browser: FlaskClient, identifier: str) -> LaunchAccess:
        """The access of a live context of this browser."""
        launched = self.context(browser, identifier)
        return LaunchAccess(self.parts.contexts, self.parts.ehrs["sandbox"], launched)

    def ask(self, patient: str, name: str) -> Any:
        browser = self.web.test_client()
        path = self.launch(browser, patient)
        cookie = browser.get_cookie(SESSION, domain="127.0.0.1")
        with self.web.test_request_context():
            g.session = self.parts.sessions.find(cookie.value if cookie else "")
            return getattr(self.services, name)(self.services.open(path))

    def _settings(self, data: Path, tenant: dict[str, Any]) -> Settings:
        return Settings(
            data=data,
            web=Listen("127.0.0.1", 0, WEB),
            api=Listen("127.0.0.1", 0, "http://127.0.0.1:9"),
            gateway=Listen("127.0.0.1", 0, "ws://127.0.0.1:9"),
            tenants=(
                Tenant(
                    id="sandbox",
                    name="Sandbox Hospital",
                    issuer=f"{self.url}/fhir",
                    timezone="Europe/Oslo",
                    client_id="wristchart",
                    scopes=tuple(SCOPES),
                    frame_ancestors=(self.url,),
                    backend_client_id="",
                    backend_scopes=(),
                    allow_http=True,
                    **tenant,
                ),
            ),
            vendors={},
        )


def _sent(url: str, fields: dict[str, str]) -> requests.Response:
    return requests.post(url, data=fields, allow_redirects=False, timeout=10)
