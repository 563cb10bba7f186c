"""A site's settings, read from one TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.building import SettingsError, build, table_of

__all__ = ["Listen", "Settings", "SettingsError", "Tenant", "VendorApp"]

ENVIRONMENTS = ("production", "test", "sandbox")
"""What an EHR is: only a test system or a sandbox is ever written to for trying it out."""

PATIENT_PROOFS = ("birth-date", "ehr")
"""How an invited patient proves who they are: date of birth and code, or the EHR's sign-in."""

WRITE_MODES = ("shadow", "after_confirmation", "automatic")
"""Nothing is written; a finding is when a clinician has confirmed it; all is, by the rules."""

CLIENT_TYPES = ("asymmetric", "symmetric", "public")
"""How a client proves itself at the token endpoint: by key, by secret (HTTP Basic), not at all."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Where a role listens, and the URL under which others reach it."""

    host: str
    port: int
    url: str


@dataclass(frozen=True, slots=True)
class Tenant:
    """One hospital: its EHR and how Wristchart is registered there."""

    id: str
    name: str
    issuer: str
    timezone: str
    client_id: str
    scopes: tuple[str, ...]
    frame_ancestors: tuple[str, ...]
    backend_client_id: str
    backend_scopes: tuple[str, ...]
    client_type: str = "asymmetric"
    client_secret: str = ""
    endpoint_origins: tuple[str, ...] = ()  # where the EHR's endpoints may be, besides the issuer's
    allowed_networks: tuple[str, ...] = ()  # private networks (CIDR) in which the EHR may be
    ca_bundle: str = ""  # file of certificates to trust for this EHR instead of the usual ones
    proxy: str = ""  # the one HTTP proxy to reach this EHR by; the environment's are ignored
    patient_proof: str = "birth-date"  # how an invited patient proves who they are (or: "ehr")
    standalone: bool = True  # whether the start page offers to sign in at this EHR
    own_callback: bool = False  # /callback/<id> instead of /callback; needed besides other EHRs
    audience: str = ""  # what this EHR wants as `aud`, where that is not its FHIR base
    jwks_url: str = ""  # the address of our keys as registered here; names itself in assertions
    signing_algorithm: str = ""  # ES384 or RS384, where this EHR does not say what it takes
    allow_http: bool = False
    upload_days: int = 14
    quarantine_seconds: float = 120.0
    write_mode: str = "shadow"  # what is written to the chart: see WRITE_MODES
    operators: tuple[str, ...] = ()  # users (fhirUser) who see what waits at /deliveries
    environment: str = "production"  # or test, sandbox: see ENVIRONMENTS
    probed_as: str = ""  # the tenant of the test system whose probe counts for this EHR too
    probe_patient: str = ""  # the patient of a test system about whom a probe writes


@dataclass(frozen=True, slots=True)
class VendorApp:
    """How Wristchart is registered at one wearable vendor."""

    vendor: str
    client_id: str
    client_secret: str
    authorize_url: str
    token_url: str
    api_url: str
    revoke_url: str
    redirect_uri: str
    webhook_secret: str
    keyset_url: str = ""
    poll_seconds: int = 900
    rate_scale: float = 1.0  # how many times its documented limits the vendor allows this site


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a role needs to know about its site."""

    data: Path
    web: Listen
    api: Listen
    gateway: Listen
    tenants: tuple[Tenant, ...]
    vendors: Mapping[str, VendorApp]
    engine_interval_seconds: float = 0.2
    delivery_interval_seconds: float = 0.5
    worker_interval_seconds: float = 0.3
    backfill_days: int = 365
    database: str = ""  # postgresql://... of people, measurements, findings; else a file in `data`

    @classmethod
    def load(cls, path: Path) -> Settings:
        """Read settings from `path`; relative folders are taken from the file's own folder.

        Raises SettingsError where the file is missing or an entry cannot be used.
        """
        try:
            document = tomllib.loads(path.read_text("utf-8"))
        except FileNotFoundError as error:
            raise SettingsError(f"{path} does not exist: give --config or run the demo") from error
        except OSError as error:
            raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
        except ValueError as error:  # not UTF-8, or not TOML
            raise SettingsError(f"{path} is not valid TOML: {error}") from error
        try:
            return cls.from_document(document, path.parent)
        except SettingsError as error:
            raise SettingsError(f"{path}: {error}") from error

    @classmethod
    def from_document(cls, document: Mapping[str, Any], folder: Path) -> Settings:
        """Build settings from a parsed TOML document; raises SettingsError."""
        rest = dict(document)
        return build(
            cls,
            "the settings:",
            {
                **{name: value for name, value in rest.items() if name not in _TABLES},
                "data": (folder / str(rest.get("data", "data"))).resolve(),
                "database": _database_url(str(rest.get("database", ""))),
                "tenants": _tenants(rest.get("tenant", ())),
                "vendors": {
                    name: build(
                        VendorApp,
                        f"[vendor.{name}]",
                        {"vendor": name, **table_of(f"[vendor.{name}]", entry)},
                    )
                    for name, entry in table_of("[vendor]", rest.get("vendor", {})).items()
                },
                **{
                    name: build(Listen, f"[{name}]", rest.get(name, {}))
                    for name in ("web", "api", "gateway")
                },
            },
        )

    @property
    def keys(self) -> Path:
        """The folder of the site's keys, readable by its owner only."""
        return self.data / "keys"

    @property
    def app_database(self) -> Path:
        """Launch contexts and browser sessions."""
        return self.data / "app.db"

    @property
    def wearables_database(self) -> Path | str:
        """People, consent, measurements, findings, outbox, audit: a SQLite file or a URL."""
        return self.database or self.data / "wearables.db"

    @property
    def delivery_mark(self) -> Path:
        """How far delivery has come. Leave it out of backups: by it a restore is noticed."""
        return self.data / "delivery.mark"

    @property
    def ecg_database(self) -> Path:
        """The inbox of streamed ECG."""
        return self.data / "ecg.db"

    def tenant(self, identifier: str) -> Tenant:
        """Return the tenant called `identifier`; raises KeyError where there is none."""
        for tenant in self.tenants:
            if tenant.id == identifier:
                return tenant
        raise KeyError(identifier)

    def tenant_for_issuer(self, issuer: str) -> Tenant | None:
        """Return the tenant registered for exactly this issuer, or None."""
        return next((tenant for tenant in self.tenants if tenant.issuer == issuer), None)


_TABLES = {"tenant", "vendor", "web", "api", "gateway", "data"}


def _database_url(url: str) -> str:
    """Raises SettingsError unless it is empty or names a PostgreSQL database."""
    if url and not url.startswith(("postgresql://", "postgres://")):
        raise SettingsError("database: give a postgresql:// URL, or leave it out for SQLite")
    return url.replace("postgres://", "postgresql://", 1)


def _tenants(entries: object) -> tuple[Tenant, ...]:
    if not isinstance(entries, list | tuple):
        raise SettingsError("tenant: write [[tenant]], in two brackets, for each hospital")
    return tuple(
        build(Tenant, _heading(number, entry), entry) for number, entry in enumerate(entries, 1)
    )


def _heading(number: int, entry: object) -> str:
    name = entry.get("id") if isinstance(entry, Mapping) else None
    return f"[[tenant]] {name}:" if name else f"[[tenant]] number {number}:"
