"""The delivery role: writes what is due into each tenant's chart."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import requests
import structlog
from sqlalchemy.exc import SQLAlchemyError

from config.settings import Settings, Tenant
from safeguards.egress import Egress
from smart.backend_services import BackendToken
from smart.chart import FhirChart
from smart.ehr import Ehr
from smart.keys import ClientKeys
from wearable_agg.delivery.failpoints import reached
from wearable_agg.delivery.identity import Identity
from wearable_agg.delivery.states import Policy
from wearable_agg.delivery.worker import Delivery, Destination
from wearable_agg.store.database import open_database
from wearable_agg.store.migrations import migrate

PAUSE_SECONDS = 2.0
log = structlog.get_logger()


def run(settings: Settings, stop: threading.Event) -> None:
    """Deliver until `stop` is set; a write under way is finished first."""
    engine = open_database(settings.wearables_database)
    migrate(engine)
    keys = ClientKeys.open(settings.keys)
    charts = {(each.id, each.issuer): _destination(each, keys) for each in settings.tenants}
    delivery = Delivery(engine, charts, Identity.open(settings.keys))
    while not stop.is_set():
        try:
            delivery.run(stop, settings.delivery_interval_seconds)
        except SQLAlchemyError as error:
            log.error("database not usable", reason=str(error.__cause__ or error))
            stop.wait(PAUSE_SECONDS)
    engine.dispose()


def _destination(tenant: Tenant, keys: ClientKeys) -> Destination:
    ehr = Ehr(tenant, keys)
    egress = _WritingEgress.to_ehr(tenant)
    policy = Policy(quarantine=timedelta(seconds=tenant.quarantine_seconds))
    return Destination(FhirChart(tenant.issuer, egress, BackendToken(ehr)), policy)


class _WritingEgress(Egress):
    """Lets a fault test end the process when the EHR has done a write that we know nothing of."""

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        answer = super().request(method, url, **options)
        if method != "GET":
            reached("after_send")
        return answer
