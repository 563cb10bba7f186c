"""What is being checked: one tenant's EHR as the roles themselves reach it."""

from __future__ import annotations

from dataclasses import dataclass

from config.settings import Settings, Tenant
from smart.ehr import Ehr
from smart.keys import ClientKeys


@dataclass(frozen=True, slots=True)
class Subject:
    """A tenant with its EHR, and the site's own public address."""

    tenant: Tenant
    ehr: Ehr
    web_url: str
    among_others: bool  # the site has other EHRs besides

    @classmethod
    def open(cls, tenant: Tenant, settings: Settings) -> Subject:
        """Nothing is sent yet. Raises KeysUnusable, OSError."""
        ehr = Ehr(tenant, ClientKeys.open(settings.keys))
        return cls(tenant, ehr, settings.web.url, len(settings.tenants) > 1)

    @property
    def base(self) -> str:
        """The FHIR base URL without a slash at its end."""
        return self.tenant.issuer.rstrip("/")
