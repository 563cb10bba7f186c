"""What the web application's routes work with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.contexts import LaunchContexts
from app.pending import PendingLaunches
from app.sessions import BrowserSessions
from app.store import Clock, Store, open_store
from config.settings import Settings, Tenant
from safeguards.audit import record
from smart.ehr import Ehr
from smart.keys import ClientKeys
from wearable_agg.store.clock import now_micros
from wearable_agg.store.database import writing


@dataclass(frozen=True, slots=True)
class Parts:
    """Put together once for each application; nothing else is shared between requests."""

    settings: Settings
    store: Store
    keys: ClientKeys
    ehrs: Mapping[str, Ehr]
    sessions: BrowserSessions
    pending: PendingLaunches
    contexts: LaunchContexts

    @classmethod
    def open(cls, settings: Settings, now: Clock = now_micros) -> Parts:
        """Open the site's store and keys; nothing is sent to any EHR."""
        store = open_store(settings.app_database, settings.keys, now)
        keys = ClientKeys.open(settings.keys)
        return cls(
            settings=settings,
            store=store,
            keys=keys,
            ehrs={tenant.id: Ehr(tenant, keys) for tenant in settings.tenants},
            sessions=BrowserSessions(store),
            pending=PendingLaunches(store),
            contexts=LaunchContexts(store),
        )

    def redirect_uri(self, tenant: Tenant) -> str:
        """The callback as registered with this tenant's EHR."""
        own = f"/{tenant.id}" if tenant.own_callback else ""
        return f"{self.settings.web.url}/callback{own}"

    def audit(self, tenant: str, actor: str, action: str, entity: str, **detail: object) -> None:
        """Write an audit row in a transaction of its own; failing, it fails the act."""
        with writing(self.store.engine) as connection:
            record(
                connection,
                tenant=tenant,
                actor=actor,
                action=action,
                entity=entity,
                detail=detail,
            )
