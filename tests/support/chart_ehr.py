"""The sandbox EHR inside a test, with delivery registered there as a Backend Services client."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import requests
from werkzeug.serving import make_server

from app.demo.site import DELIVERY_CLIENT, DELIVERY_SCOPES
from config.settings import Tenant
from safeguards.egress import Egress
from sandbox.ehr.app import create_app
from sandbox.ehr.clients import Client, load_clients
from sandbox.ehr.database import Database, utc_now
from sandbox.ehr.fhir.store import save
from sandbox.ehr.personality import PERSONALITIES
from sandbox.ehr.settings import Settings as EhrSettings
from smart.backend_services import BackendToken
from smart.chart import FhirChart
from smart.ehr import Ehr
from smart.probe import Probe
from tests.support.client_keys import client_keys, place_signing_key
from wearable_agg.delivery.abilities import Personality


class ChartEhr:
    """A real EHR on a free port; `keys` is the folder of the client keys it knows delivery by."""

    def __init__(
        self,
        folder: Path,
        keys: Path,
        scopes: str = DELIVERY_SCOPES,
        personality: str = "atomic",
    ) -> None:
        place_signing_key(folder)
        self._keys = client_keys(keys)
        self._data, self._scopes = folder, scopes
        clients = self._clients(folder / "clients.json")
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        self._server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._server.app = create_app(
            EhrSettings(self.url, folder, clients, personality=PERSONALITIES[personality])
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> ChartEhr:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def issuer(self) -> str:
        """The FHIR base."""
        return f"{self.url}/fhir"

    @property
    def tenant(self) -> Tenant:
        """The settings of a site whose EHR this is."""
        return Tenant(
            id="sandbox",
            name="Sandbox Hospital",
            issuer=self.issuer,
            timezone="Europe/Oslo",
            client_id="wristchart",
            scopes=(),
            frame_ancestors=(),
            backend_client_id=DELIVERY_CLIENT,
            backend_scopes=tuple(self._scopes.split()),
            allow_http=True,
        )

    def chart(self, personality: Personality | None = None) -> FhirChart:
        """The chart as delivery reaches it."""
        return FhirChart(self.issuer, Egress([self.issuer]), self.access(), personality)

    def access(self) -> BackendToken:
        """Delivery's own access."""
        return BackendToken(Ehr(self.tenant, self._keys))

    def probe(self, patient: str) -> Personality:
        """What a probe sees of it."""
        return Probe(self.issuer, Egress([self.issuer]), self.access(), patient).run()

    def faults(self, **wanted: object) -> None:
        """Switch faults of the EHR on or off."""
        requests.post(f"{self.url}/sandbox/faults", json=wanted, timeout=5).raise_for_status()

    def held(self, kind: str, patient: str | None = None) -> list[dict[str, Any]]:
        """Return what the EHR holds of a type, as it stands now."""
        with sqlite3.connect(self._data / "ehr.db") as connection:
            rows = connection.execute(
                "SELECT body FROM resources WHERE type = ? AND patient IS coalesce(?, patient)"
                " AND NOT deleted ORDER BY sequence",
                (kind, patient),
            ).fetchall()
        return [json.loads(body) for (body,) in rows]

    def edit(self, resource: dict[str, Any], change: Callable[[dict[str, Any]], None]) -> None:
        """Change a resource as somebody in the EHR does."""
        database = Database(self._data / "ehr.db")
        with database.write() as connection:
            change(resource)
            save(connection, resource, "PUT", utc_now())

    def admit(self, patient: str) -> None:
        """Register one more patient."""
        database = Database(self._data / "ehr.db")
        person = {"resourceType": "Patient", "id": patient, "name": [{"family": patient}]}
        with database.write() as connection:
            save(connection, person, "PUT", utc_now())

    def _clients(self, path: Path) -> dict[str, Client]:
        registration = {
            "client_id": DELIVERY_CLIENT,
            "kind": "backend",
            "jwks": self._keys.public_jwks(),
            "scopes": self._scopes.split(),
        }
        path.write_text(json.dumps([registration]), "utf-8")
        return load_clients(path)
