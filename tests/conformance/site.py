"""The product, really running behind waitress, registered at simulated EHRs."""

from __future__ import annotations

import dataclasses
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

import requests
from waitress import wasyncore
from waitress.server import create_server

from app.contexts import Facts, HeldTokens
from app.factory import create_app
from app.parts import Parts
from config.settings import Listen, Settings, Tenant
from smart.backend_services import BackendToken
from smart.chart import FhirChart
from smart.ehr import Ehr
from tests.conformance.browser import Browser, origin_of
from tests.conformance.simulator.ehr import SimulatedEhr
from tests.conformance.simulator.registrations import Registration
from tests.support.stores import place_app_store
from wearable_agg.store.clock import now_micros

SCOPES = (
    "launch openid fhirUser offline_access patient/Patient.rs "
    "patient/MedicationRequest.rs patient/MedicationStatement.rs"
)
BACKEND_SCOPES = "system/Flag.crus system/Observation.crus"
CLIENT = "conformance-client"
BACKEND = "conformance-backend"
SECRET = "s3cret: with a colon & an ampersand, long enough"
MINUTE = 60_000_000


@dataclass
class Clock:
    """The product's present, moved on by tests; microseconds."""

    ahead: int = 0

    def __call__(self) -> int:
        return now_micros() + self.ahead

    def pass_minutes(self, minutes: float) -> None:
        """Move on."""
        self.ahead += int(minutes * MINUTE)


@dataclass
class Site:
    """One installation; `tenants` are hospitals, one for each simulated EHR by default."""

    data: Path
    tenants: Sequence[Tenant]
    clock: Clock = field(default_factory=Clock)
    settings_changes: dict[str, Any] = field(default_factory=dict)

    def __enter__(self) -> Site:
        self._sockets: dict[int, Any] = {}
        self._stop = threading.Event()
        self._server = create_server(
            self._answer, map=self._sockets, host="127.0.0.1", port=0, threads=8, ident=None
        )
        self.url = f"http://127.0.0.1:{self._server.effective_port}"
        self.settings = Settings(
            data=self.data,
            web=Listen("127.0.0.1", int(self._server.effective_port), self.url),
            api=Listen("127.0.0.1", 0, "http://127.0.0.1:9"),
            gateway=Listen("127.0.0.1", 0, "ws://127.0.0.1:9"),
            tenants=tuple(self.tenants),
            vendors={},
            **self.settings_changes,
        )
        place_app_store(self.settings.app_database)
        self.parts = Parts.open(self.settings, self.clock)
        self._app = create_app(self.parts)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        self.parts.store.engine.dispose()

    def _serve(self) -> None:
        """Serve until stopped; closing happens here, as a running loop cannot be closed."""
        while not self._stop.is_set():
            wasyncore.loop(timeout=0.02, map=self._sockets, use_poll=True, count=1)
        self._server.task_dispatcher.shutdown(timeout=2)
        self._server.close()

    def _answer(self, environ: Any, start_response: Any) -> Any:
        return self._app(environ, start_response)

    @property
    def callback(self) -> str:
        """The registered redirect_uri."""
        return f"{self.url}/callback"

    def launch_url(self, ehr: SimulatedEhr, **changes: str) -> str:
        """Where the EHR opens the app."""
        return f"{self.url}/launch?{urlencode({'iss': ehr.base, 'launch': 'l-1'} | changes)}"

    def launched(self, ehr: SimulatedEhr, **changes: str) -> Launched:
        """A whole EHR launch in a browser of its own."""
        browser = Browser()
        page = browser.visit(self.launch_url(ehr, **changes))
        return Launched(self, browser, page)

    def started(self) -> Launched:
        """A whole standalone launch, from the start page, in a browser of its own."""
        browser = Browser()
        start = browser.get(f"{self.url}/start")
        hospital = re.search(r'href="(/start/[^"]+)"', start.text)
        assert hospital, f"{start.status_code}: {start.text[:300]}"
        return Launched(self, browser, browser.visit(self.url + hospital[1]))

    def backend(self, tenant: str = "") -> tuple[BackendToken, FhirChart]:
        """Delivery's access to a tenant's chart, as the delivery role puts it together."""
        chosen = self.settings.tenant(tenant or self.tenants[0].id)
        ehr = Ehr(chosen, self.parts.keys)
        token = BackendToken(ehr)
        return token, FhirChart(ehr.base, ehr.egress, token)


@dataclass
class Launched:
    """What came of a launch, with what a page can do after it."""

    site: Site
    browser: Browser
    page: requests.Response

    @property
    def path(self) -> str:
        """The page's path; fails where the launch did not get that far."""
        found = self.page.url.removeprefix(self.site.url)
        assert found.startswith("/c/"), (
            f"{self.page.status_code} at {found}: {self.page.text[:900]}"
        )
        assert self.page.status_code == 200
        return found

    @property
    def facts(self) -> Facts:
        """What the product has understood of the launch."""
        cookie = self.browser.cookies[self.site.url]["__Host-session"]
        session = self.site.parts.sessions.find(cookie) or ""
        identifier = self.path.strip("/").split("/")[1]
        return self.site.parts.contexts.find(identifier, session).facts

    @property
    def held(self) -> HeldTokens:
        """The tokens the product keeps, with the scopes it takes for granted."""
        return self.site.parts.contexts.tokens(self.path.strip("/").split("/")[1])

    @property
    def code(self) -> str:
        """The authorization code that came back."""
        return next(hop.query["code"] for hop in self.browser.hops if "code" in hop.query)

    def patient(self) -> str:
        """What the page shows of the patient, as the browser gets it."""
        return self._part("patient.children", {"viewport.data": "wide"})

    def timeline(self) -> str:
        """What the page shows of medications, as the browser gets it; reads the chart."""
        visit = f"v{len(self.browser.hops)}"
        viewport = {"theme": "light", "compact": False, "visit": visit}
        inputs = {"range.data": "90", "viewport.data": viewport, "revision.data": None}
        return self._part("timeline.figure", inputs)

    def sign_out(self) -> requests.Response:
        """Sign out by the page's own form."""
        page = self.browser.get(f"{self.site.url}/sign-out")
        return self.browser.submit(page)

    def _part(self, output: str, values: dict[str, Any]) -> str:
        """Have Dash's callback for `output` answer, with what the page would send."""
        known = self.browser.get(f"{self.site.url}/c/_dash-dependencies").json()
        wire = next(each for each in known if output in each["output"])
        names = wire["output"].strip(".").split("...")
        outputs = [dict(zip(("id", "property"), n.rsplit(".", 1), strict=True)) for n in names]
        body = {
            "output": wire["output"],
            "outputs": outputs if len(outputs) > 1 else outputs[0],
            "inputs": [self._value(each, values) for each in wire["inputs"]],
            "state": [self._value(each, values) for each in wire["state"]],
            "changedPropIds": [next(iter(values))],
        }
        answer = self.browser.request(
            "POST",
            f"{self.site.url}/c/_dash-update-component",
            json=body,
            headers={
                "Origin": self.site.url,
                "X-CSRFToken": self.browser.cookies[self.site.url]["__Host-csrf"],
            },
        )
        return answer.text

    def _value(self, wire: dict[str, str], values: dict[str, Any]) -> dict[str, Any]:
        name = f"{wire['id']}.{wire['property']}"
        value = self.path if name == "url.pathname" else values.get(name)
        return {**wire, "value": value}


def tenant_at(ehr: SimulatedEhr, **changes: Any) -> Tenant:
    """How a hospital with this EHR is registered with the product."""
    known: dict[str, Any] = {
        "id": ehr.name,
        "name": "Simulated Hospital",
        "issuer": ehr.base,
        "timezone": "Europe/Oslo",
        "client_id": CLIENT,
        "scopes": tuple(SCOPES.split()),
        "frame_ancestors": (origin_of(ehr.base),),
        "backend_client_id": BACKEND,
        "backend_scopes": tuple(BACKEND_SCOPES.split()),
        "allow_http": True,
    }
    return dataclasses.replace(Tenant(**known), **changes)


def register(site: Site, ehr: SimulatedEhr, tenant: Tenant) -> None:
    """Do the hospital's side: register the product with the EHR."""
    jwks = f"{site.url}/.well-known/jwks.json"
    ehr.register(
        Registration(
            tenant.client_id, tenant.client_type, (site.callback,), tenant.client_secret, jwks
        )
    )
    ehr.register(Registration(tenant.backend_client_id, "asymmetric", (), "", jwks))
