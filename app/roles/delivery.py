"""The delivery role: writes what is due into each tenant's chart, and keeps both in step."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.ehr.probing import probe_ehr
from clinical.rules import configured
from config.settings import Settings, Tenant
from safeguards.egress import Egress
from smart.backend_services import BackendToken
from smart.chart import FhirChart
from smart.ehr import Ehr
from smart.keys import ClientKeys
from smart.patient_facts import FhirPatientFacts
from smart.probe import ProbeFailed
from wearable_agg.delivery import probes
from wearable_agg.delivery.abilities import Personality
from wearable_agg.delivery.failpoints import reached
from wearable_agg.delivery.fence import Fence, FencedOff, raise_fence
from wearable_agg.delivery.gates import Key
from wearable_agg.delivery.identity import Identity
from wearable_agg.delivery.modes import WriteMode
from wearable_agg.delivery.reconciler import Reconciler
from wearable_agg.delivery.states import Policy
from wearable_agg.delivery.worker import Delivery, Destination
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.migrations import migrate

PAUSE_SECONDS = 2.0
WORKERS = 16
log = structlog.get_logger()


def run(settings: Settings, stop: threading.Event) -> None:
    """Deliver until `stop` is set; writes under way are finished first."""
    engine = open_database(settings.wearables_database)
    migrate(engine)
    while not stop.is_set():
        try:
            _deliver(settings, engine, stop)
        except SQLAlchemyError as error:
            log.error("database not usable", reason=str(error.__cause__ or error))
            stop.wait(PAUSE_SECONDS)
        except FencedOff as error:
            log.error("the database was restored: starting anew", reason=str(error))
    engine.dispose()


def _deliver(settings: Settings, engine: Engine, stop: threading.Event) -> None:
    identity = Identity.open(settings.keys)
    fence, restored = _raise_fence(settings, engine, identity)
    charts: dict[Key, Destination] = {}
    ehrs = Ehrs(settings, engine, charts)
    ehrs.refresh()
    reconciler = Reconciler(engine, charts, identity)
    delivery = Delivery(
        engine, charts, identity, fence=fence, workers=WORKERS, refresh=ehrs.refresh
    )
    with reconciler.running(stop, "restore" if restored else "start"):
        delivery.run(stop, settings.delivery_interval_seconds)


def _raise_fence(settings: Settings, engine: Engine, identity: Identity) -> tuple[Fence, bool]:
    longest = max((each.quarantine_seconds for each in settings.tenants), default=0.0)
    look_at = datetime.now(UTC) + timedelta(seconds=longest)
    fence, restored = raise_fence(engine, settings.delivery_mark, identity, look_at)
    if restored:
        log.error("the database is older than what was sent: each write is looked for first")
    return fence, restored


class Ehrs:
    """Keeps `charts` to the EHRs that were probed; a sandbox is probed at once, by itself."""

    def __init__(self, settings: Settings, engine: Engine, charts: dict[Key, Destination]) -> None:
        self._tenants = [each for each in settings.tenants if each.backend_client_id]
        self._engine, self._charts = engine, charts
        self._keys = ClientKeys.open(settings.keys)
        self._known: dict[str, Personality] = {}
        self._probe_at = datetime.now(UTC)

    def refresh(self) -> None:
        """Look which EHRs may be written to, and say of the others that they may not."""
        with self._engine.connect() as connection:
            seen = probes.personalities(connection)
        for tenant in self._tenants:
            personality = seen.get(tenant.probed_as or tenant.id)
            if personality is None:
                self._without(tenant)
            elif self._known.get(tenant.id) != personality:
                self._known[tenant.id] = personality
                self._charts[tenant.id, tenant.issuer] = self._destination(tenant, personality)
                log.info("write-back", tenant=tenant.id, route=personality.route)

    def _without(self, tenant: Tenant) -> None:
        self._known.pop(tenant.id, None)
        self._charts.pop((tenant.id, tenant.issuer), None)
        if tenant.environment == "sandbox" and datetime.now(UTC) >= self._probe_at:
            self._probe(tenant)
            return
        with self._engine.connect() as connection:
            if not probes.awaits_probe(connection, tenant.id):
                return
        log.warning(probes.UNPROBED, tenant=tenant.id)
        with writing(self._engine) as connection:
            probes.say_unprobed(connection, tenant.id)

    def _probe(self, tenant: Tenant) -> None:
        self._probe_at = datetime.now(UTC) + timedelta(seconds=PAUSE_SECONDS)
        try:
            personality = probe_ehr(tenant, self._keys)
        except ProbeFailed as error:
            log.warning("not probed yet", tenant=tenant.id, reason=str(error))
            return
        with writing(self._engine) as connection:
            probes.keep(connection, tenant.id, tenant.issuer, personality, datetime.now(UTC))

    def _destination(self, tenant: Tenant, personality: Personality) -> Destination:
        access = BackendToken(Ehr(tenant, self._keys))
        egress = _WritingEgress.to_ehr(tenant, connections=2 * WORKERS)
        chart = FhirChart(tenant.issuer, egress, access, personality)
        policy = Policy(quarantine=timedelta(seconds=tenant.quarantine_seconds))
        facts = FhirPatientFacts(tenant.issuer, egress, access)
        mode = WriteMode(tenant.write_mode)
        return Destination(chart, policy, facts, configured(), mode)


class _WritingEgress(Egress):
    """Lets a fault test end the process when the EHR has done a write that we know nothing of."""

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        answer = super().request(method, url, **options)
        if method != "GET":
            reached("after_send")
        return answer
