"""What one demo EHR is started with, and the addresses that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.ehr.clients import Client
from sandbox.ehr.database import Clock, utc_now
from sandbox.ehr.personality import PERSONALITIES, Personality

CLINICIAN, CLINICIAN_NAME = "Practitioner/ingrid-lind", "Dr Ingrid Lind"
TENANT = "sandbox"
TIMEZONE = "Europe/Oslo"
"""By which the pages tell times."""


@dataclass(frozen=True, slots=True)
class Settings:
    """``url`` is how browsers and apps reach the server, without a trailing slash."""

    url: str
    data: Path
    clients: Mapping[str, Client]
    app_launch_url: str | None = None
    clock: Clock = utc_now
    personality: Personality = PERSONALITIES["atomic"]

    @property
    def fhir_base(self) -> str:
        """The FHIR base: what SMART calls ``iss`` and ``aud``."""
        return f"{self.url}/fhir"

    @property
    def issuer(self) -> str:
        """The OpenID issuer; on purpose not the FHIR base, so that nobody mixes them up."""
        return f"{self.url}/auth"

    @property
    def token_url(self) -> str:
        """The token endpoint: the audience of client assertions."""
        return f"{self.issuer}/token"

    @property
    def framed_app(self) -> tuple[str, str] | None:
        """Name and launch URL of the app shown in charts, if one is registered."""
        for client in self.clients.values():
            launch_url = self.app_launch_url or client.launch_url
            if launch_url and client.kind != "backend":
                return client.name, launch_url
        return None
