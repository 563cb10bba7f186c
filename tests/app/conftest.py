from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.cookies import CSRF
from app.factory import create_app
from app.parts import Parts
from app.store import MINUTE
from config.settings import Listen, Settings
from tests.support.client_keys import place
from tests.support.stores import place_app_store
from tests.support.stub_ehr import StubEhr, order, patient
from wearable_agg.store.clock import now_micros

WEB = "http://127.0.0.1:8410"


@dataclass
class Clock:
    """The present, moved on by tests."""

    ahead: int = 0

    def __call__(self) -> int:
        return now_micros() + self.ahead

    def pass_minutes(self, minutes: float) -> None:
        self.ahead += int(minutes * MINUTE)


@dataclass
class Browser:
    """One browser with its own cookies."""

    client: FlaskClient
    ehr: StubEhr
    seen: list[TestResponse] = field(default_factory=list)

    def get(self, path: str, **options: Any) -> TestResponse:
        self.seen.append(self.client.get(path, base_url=WEB, **options))
        return self.seen[-1]

    def start(self, **changes: Any) -> TestResponse:
        return self.get("/launch?" + urlencode({"iss": self.ehr.base, "launch": "l"} | changes))

    def back(self, started: TestResponse, patient: str = "marit") -> TestResponse:
        """Sign in at the EHR and come back."""
        return self.get("/callback?" + self.ehr.authorize(started.headers["Location"], patient))

    def launch(self, patient: str = "marit") -> str:
        """A whole launch; the path of its page."""
        response = self.back(self.start(), patient)
        assert response.status_code == 303, response.text
        return response.headers["Location"]

    def cookie(self, name: str) -> str:
        found = self.client.get_cookie(name, domain="127.0.0.1")
        return found.value if found else ""

    def callback(self, pathname: str, **changes: Any) -> TestResponse:
        """What Dash sends when a part of the page asks for its content."""
        body = {
            "output": "nothing.there",
            "outputs": {"id": "nothing", "property": "there"},
            "inputs": [{"id": "tick", "property": "data", "value": 1}],
            "state": [{"id": "url", "property": "pathname", "value": pathname}],
            "changedPropIds": ["range.data"],
        }
        headers = {"Origin": WEB, "Sec-Fetch-Site": "same-origin", "X-CSRFToken": self.cookie(CSRF)}
        headers |= changes.pop("headers", {})
        return self.client.post(
            "/c/_dash-update-component",
            base_url=WEB,
            json=body | changes,
            headers={name: value for name, value in headers.items() if value is not None},
        )


@dataclass
class Site:
    """The web application over a stub EHR, and a backend that is down."""

    ehr: StubEhr
    data: Path
    clock: Clock = field(default_factory=Clock)
    api_url: str = "http://127.0.0.1:9"
    changes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        place(self.data / "keys")
        self.settings = Settings(
            data=self.data,
            web=Listen("127.0.0.1", 0, WEB),
            api=Listen("127.0.0.1", 0, self.api_url),
            gateway=Listen("127.0.0.1", 0, "ws://127.0.0.1:9"),
            tenants=(self.ehr.tenant(**self.changes),),
            vendors={},
        )
        place_app_store(self.settings.app_database)
        self.parts = Parts.open(self.settings, self.clock)
        self.app: Flask = create_app(self.parts)

    def browser(self) -> Browser:
        return Browser(self.app.test_client(), self.ehr)


@pytest.fixture
def ehr() -> Iterator[StubEhr]:
    stub = StubEhr(
        patients={"marit": patient(), "jonas": patient("jonas", "Berg")},
        resources={"MedicationRequest": [order()]},
    )
    yield stub
    stub.close()


@pytest.fixture
def site(ehr: StubEhr, tmp_path: Path) -> Site:
    return Site(ehr, tmp_path / "data")


@pytest.fixture
def browser(site: Site) -> Browser:
    return site.browser()
