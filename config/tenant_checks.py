"""What is wrong with one EHR's entry in the registry, each with the way to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from config.origins import is_loopback, is_origin
from config.settings import CLIENT_TYPES, ENVIRONMENTS, PATIENT_PROOFS, WRITE_MODES, Tenant


def tenant_faults(tenant: Tenant) -> Iterator[str]:
    """Every reason not to start with this tenant, as sentences that say what to do."""
    where = f"tenant {tenant.id!r}:"
    for fault in (
        *_identity(tenant),
        *issuer_faults(tenant.issuer, allow_http=tenant.allow_http),
        *_origins(tenant),
        *_way(tenant),
    ):
        yield f"{where} {fault}"


def _identity(tenant: Tenant) -> Iterator[str]:
    if not tenant.id:
        yield "id is empty: give a short name"
    if not tenant.client_id:
        yield "client_id is empty: write the id that the EHR gave the app"
    if tenant.client_type not in CLIENT_TYPES:
        known = ", ".join(CLIENT_TYPES)
        yield f"client_type {tenant.client_type!r} is not known: write one of {known}"
    if tenant.patient_proof not in PATIENT_PROOFS:
        known = ", ".join(PATIENT_PROOFS)
        yield f"patient_proof {tenant.patient_proof!r} is not known: write one of {known}"
    if tenant.signing_algorithm not in ("", "ES384", "RS384"):
        yield f"signing_algorithm {tenant.signing_algorithm!r} is not known: write ES384 or RS384"
    if not is_timezone(tenant.timezone):
        yield f"timezone {tenant.timezone!r} is not known: write one such as Europe/Oslo"
    if tenant.environment not in ENVIRONMENTS:
        known = ", ".join(ENVIRONMENTS)
        yield f"environment {tenant.environment!r} is not known: write one of {known}"
    if tenant.write_mode not in WRITE_MODES:
        known = ", ".join(WRITE_MODES)
        yield f"write_mode {tenant.write_mode!r} is not known: write one of {known}"
    if tenant.backend_client_id and not tenant.backend_scopes:
        yield "backend_client_id without backend_scopes: name the scopes, or leave both out"


def issuer_faults(issuer: str, *, allow_http: bool) -> Iterator[str]:
    """Every reason not to trust an issuer's address."""
    try:
        parts = urlsplit(issuer)
        named = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        named = False
    if not named:
        yield f"issuer {issuer!r} is no address: write the EHR's FHIR base URL, https://..."
    elif parts.query or parts.fragment or "@" in parts.netloc:
        yield f"issuer {issuer!r} is no FHIR base URL: leave out what follows ? or # or precedes @"
    elif parts.scheme == "http" and not is_loopback(issuer):
        yield f"issuer {issuer!r} is http off this machine: use the EHR's https address"
    elif parts.scheme == "http" and not allow_http:
        yield "issuer is http: use https, or write allow_http = true (for loopback only)"


def _origins(tenant: Tenant) -> Iterator[str]:
    for name in ("frame_ancestors", "endpoint_origins"):
        for text in getattr(tenant, name):
            if not is_origin(text):
                yield f"{name} {text!r} is no origin: write https://host, without path or *"
            elif text.startswith("http:") and not is_loopback(text):
                yield f"{name} {text!r} is http off this machine: write its https origin"


def _way(tenant: Tenant) -> Iterator[str]:
    for text in tenant.allowed_networks:
        if not is_network(text):
            yield (
                f"allowed_networks {text!r} is no network that may be allowed: write the EHR's "
                "own, such as 10.20.0.0/16"
            )
    if tenant.ca_bundle and not Path(tenant.ca_bundle).is_file():
        yield f"ca_bundle {tenant.ca_bundle!r} is no file: give the path of a PEM file"
    if tenant.jwks_url and not (
        tenant.jwks_url.startswith("https://") or is_loopback(tenant.jwks_url)
    ):
        yield f"jwks_url {tenant.jwks_url!r} is not https: write the address as registered"
    proxy = urlsplit(tenant.proxy)
    if tenant.proxy and (proxy.scheme not in ("http", "https") or not proxy.hostname):
        yield f"proxy {tenant.proxy!r} is no address: write http://host:port"


def is_timezone(name: str) -> bool:
    """Tell whether the machine knows an IANA time zone of this name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def is_network(text: str) -> bool:
    """Tell whether `text` is a network in CIDR form, and not the whole internet."""
    try:
        return ip_network(text).prefixlen > 0
    except ValueError:
        return False
