"""The delivery process of the harness: the product's own delivery, with short times."""

from __future__ import annotations

import json
import logging
import os
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
import structlog

from app.demo.site import DELIVERY_CLIENT
from app.roles.delivery import WORKERS
from clinical.rules import configured
from config.settings import Tenant
from safeguards.egress import Egress, Limits
from smart.backend_services import BackendToken
from smart.chart import FhirChart
from smart.ehr import Ehr
from smart.keys import ClientKeys
from smart.patient_facts import FhirPatientFacts
from smart.probe import Probe
from tests.support.episodes import detection
from wearable_agg.delivery.abilities import Personality
from wearable_agg.delivery.failpoints import reached
from wearable_agg.delivery.fence import raise_fence
from wearable_agg.delivery.identity import Identity
from wearable_agg.delivery.reconciler import Reconciler
from wearable_agg.delivery.states import Policy
from wearable_agg.delivery.worker import Delivery, Destination
from wearable_agg.store.database import open_database

LIMITS = Limits(connect=1.0, read=0.6, total=1.5)
SLOW_SECONDS = 0.9
"""A slow commit outlasts our patience with an answer."""

POLICY = Policy(
    quarantine=timedelta(seconds=2.5),
    first_pause=timedelta(milliseconds=50),
    longest_pause=timedelta(seconds=1),
)
SCOPES = (
    "system/Patient.rs system/Condition.rs system/Flag.crus system/Observation.crus "
    "system/Device.crus system/Provenance.crus"
)
INTERVAL_SECONDS = 0.03


class Site:
    """How the delivery of one hospital reaches its EHR, and what it knows of it."""

    def __init__(self, url: str, keys: Path, store: Path) -> None:
        self.issuer, self._keys, self._store = f"{url}/fhir", keys, store
        self._seen = store.with_name("personality.json")
        self._tenant = Tenant(
            id="sandbox",
            name="Sandbox Hospital",
            issuer=self.issuer,
            timezone="Europe/Oslo",
            client_id="wristchart",
            scopes=(),
            frame_ancestors=(),
            backend_client_id=DELIVERY_CLIENT,
            backend_scopes=tuple(SCOPES.split()),
            allow_http=True,
        )

    def probe(self, patient: str) -> None:
        """See what the EHR is like, and keep it."""
        egress = Egress([self.issuer])
        access = BackendToken(Ehr(self._tenant, ClientKeys.open(self._keys), egress))
        seen = Probe(self.issuer, egress, access, patient).run()
        self._seen.write_text(json.dumps(seen.to_document()), "utf-8")

    def token(self) -> str:
        """An access token, for whoever does without our chart."""
        keys = ClientKeys.open(self._keys)
        return BackendToken(Ehr(self._tenant, keys, Egress([self.issuer]))).token()

    def personality(self) -> Personality:
        """What was seen."""
        return Personality.from_document(json.loads(self._seen.read_text("utf-8")))

    def deliver(self, interval_seconds: float = INTERVAL_SECONDS) -> None:
        """Deliver until somebody ends this process."""
        be_quiet()
        engine = open_database(self._store)
        identity = Identity.open(self._keys)
        mark = self._store.with_name("delivery.mark")
        fence, _ = raise_fence(engine, mark, identity, datetime.now(UTC) + POLICY.quarantine)
        charts = {("sandbox", self.issuer): self._destination(KillableEgress)}
        delivery = Delivery(engine, charts, identity, "host", fence=fence, workers=WORKERS)
        delivery.run(threading.Event(), interval_seconds)

    def reconcile(self) -> None:
        """Compare both sides once."""
        be_quiet()
        engine = open_database(self._store)
        charts = {("sandbox", self.issuer): self._destination(Egress)}
        reconciler = Reconciler(engine, charts, Identity.open(self._keys))
        for _ in range(5):  # the proxy may end a reconciliation early
            if not reconciler.reconcile(("sandbox", self.issuer), "hourly").problem:
                break
        engine.dispose()

    def owners(self, patients: list[str]) -> dict[str, str]:
        """Say whom each name that we give may be about."""
        identity, route = Identity.open(self._keys), self.personality().route
        naming = {"Flag": identity.flag, "Observation": identity.evidence}.get(
            route, identity.message
        )
        found = {}
        for patient in patients:
            known = detection(0, patient)
            trigger = f"{known.stream}|{round(known.onset.timestamp() * 1000)}"
            found[naming(self.issuer, patient, "atrial-fibrillation", trigger).value] = patient
        return found

    def _destination(self, egress_kind: type[Egress]) -> Destination:
        egress = egress_kind([self.issuer], limits=LIMITS, connections=2 * WORKERS)
        keys = ClientKeys.open(self._keys)
        access = BackendToken(Ehr(self._tenant, keys, Egress([self.issuer], limits=LIMITS)))
        chart = FhirChart(self.issuer, egress, access, self.personality())
        facts = FhirPatientFacts(self.issuer, egress, access)
        rules = replace(configured(), per_tenant=10**9)
        return Destination(chart, POLICY, facts, rules)


class KillableEgress(Egress):
    """Ends the process when the EHR has done a write that we know nothing of, if asked to."""

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        answer = super().request(method, url, **options)
        if method != "GET":
            reached("after_send")
        return answer


def be_quiet() -> None:
    """Log nothing: a line for each write would be most of the work."""
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
