"""The way through the demo EHR's own sign-in, and its charts as the page gets them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import requests
from flask import Flask, g
from flask.testing import FlaskClient
from waitress.server import create_server

from app.cookies import SESSION
from app.factory import create_app
from app.parts import Parts
from app.services import LaunchedServices
from config.settings import Listen, Settings, Tenant
from dashboards.services import MedicationRead, Missing
from sandbox.ehr.app import create_app as create_ehr
from sandbox.ehr.clients import client_of
from sandbox.ehr.settings import Settings as EhrSettings
from smart.keys import ClientKeys
from tests.support.forms import Form

WEB = "http://127.0.0.1:8410"
SCOPES = [
    "launch",
    "openid",
    "fhirUser",
    "offline_access",
    "patient/Patient.rs",
    "patient/MedicationRequest.rs",
    "patient/Medication.rs",
    "patient/MedicationStatement.rs",
]


class Hospital:
    """The demo EHR on a real port, and Wristchart registered with it."""

    def __init__(self, folder: Path) -> None:
        entry = {
            "client_id": "wristchart",
            "kind": "asymmetric",
            "jwks": ClientKeys.open(folder / "web" / "keys").public_jwks(),
            "redirect_uris": [f"{WEB}/callback"],
            "scopes": SCOPES,
        }
        self._server = create_server(Flask("later"), host="127.0.0.1", port=0)
        self.url = f"http://localhost:{self._server.effective_port}"
        clients = {"wristchart": client_of(entry)}
        self._server.application = create_ehr(EhrSettings(self.url, folder / "ehr", clients))
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        self.parts = Parts.open(self._settings(folder / "web"))
        self.web = create_app(self.parts)
        self.services = LaunchedServices.over(self.parts)

    def close(self) -> None:
        self._server.close()
        self._thread.join(timeout=5)

    def launch(self, browser: FlaskClient, patient: str) -> str:
        """Open a chart; the path of the page."""
        minted = requests.post(
            f"{self.url}/sandbox/launches", json={"patient": patient}, timeout=10
        )
        query = urlencode({"iss": f"{self.url}/fhir", "launch": minted.json()["launch"]})
        started = browser.get(f"/launch?{query}", base_url=WEB)
        form = Form(started.text)
        signed_in = requests.post(form.action, data=form.fields, allow_redirects=False, timeout=10)
        back = urlsplit(signed_in.headers["Location"])
        return browser.get(f"{back.path}?{back.query}", base_url=WEB).headers["Location"]

    def ask(self, patient: str, name: str) -> Any:
        browser = self.web.test_client()
        path = self.launch(browser, patient)
        cookie = browser.get_cookie(SESSION, domain="127.0.0.1")
        with self.web.test_request_context():
            g.session = self.parts.sessions.find(cookie.value if cookie else "")
            return getattr(self.services, name)(self.services.open(path))

    def _settings(self, data: Path) -> Settings:
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
                ),
            ),
            vendors={},
        )


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    running = Hospital(tmp_path_factory.mktemp("hospital"))
    yield running
    running.close()


def lanes(read: MedicationRead) -> set[str]:
    return {lane.name.split()[0] for lane in read.lanes}


def test_a_launch_from_the_demo_ehr_ends_on_the_page(hospital: Hospital) -> None:
    browser = hospital.web.test_client()
    assert browser.get(hospital.launch(browser, "marit-solheim"), base_url=WEB).status_code == 200


def test_the_launched_patient_is_the_one_shown(hospital: Hospital) -> None:
    banner = hospital.ask("marit-solheim", "banner")
    assert (banner.name, banner.sex, banner.identifier) == ("Marit Solheim", "F", "004417")


def test_orders_and_the_patients_own_words_are_read(hospital: Hospital) -> None:
    read = hospital.ask("marit-solheim", "medications")
    drugs = {"Apixaban", "Metoprolol", "Lisinopril", "Diltiazem", "Sertraline"}
    assert lanes(read) == drugs
    assert read.gaps == ()


def test_drugs_by_reference_and_contained_have_names(hospital: Hospital) -> None:
    read = hospital.ask("elena-rossi", "medications")
    assert read.lanes
    assert not any("without a readable name" in lane.name for lane in read.lanes)


def test_no_medications_is_an_answer(hospital: Hospital) -> None:
    assert hospital.ask("li-wei", "medications") == MedicationRead(())


def test_what_is_forbidden_is_said(hospital: Hospital) -> None:
    read = hospital.ask("peter-novak", "medications")
    said = [read.reason] if isinstance(read, Missing) else read.gaps
    assert any("not permit" in sentence for sentence in said)
