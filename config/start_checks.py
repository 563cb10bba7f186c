"""What a site must not be started with, each with the way to mend it."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from stat import S_IMODE
from urllib.parse import urlsplit

from config.origins import is_loopback
from config.settings import Settings, SettingsError
from config.tenant_checks import tenant_faults

DEBUG_VARIABLES = ("WRISTCHART_DEBUG", "FLASK_DEBUG", "DASH_DEBUG", "PYTHONASYNCIODEBUG")
OFF = frozenset({"", "0", "false", "no", "off"})
FASTEST = 1000.0  # times the requests that a vendor's documentation allows
SHORTEST_SECRET = 16
FEWEST_CHARACTERS = 6  # different ones: fewer are a pattern, not a secret
MAKE_ONE = 'make one with: python3 -c "import secrets; print(secrets.token_urlsafe(32))"'
PLACEHOLDERS = re.compile(
    r"change|replace|me|this|is|please|super|very|insecure|default|example|sample|dummy|demo|test|dev|"
    r"placeholder|todo|none|null|your|the|my|client|app|vendor|webhook|api|oauth|jwt|hub|secret|"
    r"passwort|password|passwd|pass|key|token|value|wristchart|hospital|admin|letmein|qwerty|"
    r"0123456789|1234567890|123456789|12345678|123456|1234|123|abcdef|abc|xxx|x"
)


def refuse_unsafe(settings: Settings, config: Path) -> None:
    """Raise SettingsError, naming each fault and its mend, unless the site is safe to start.

    `config` is the file that the settings were read from.
    """
    found = list(faults(settings, config, os.environ))
    if found:
        raise SettingsError("not started:\n" + "\n".join(f"  - {fault}" for fault in found))


def faults(settings: Settings, config: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Every reason not to start, as sentences that say what to do."""
    yield from _debug_faults(environment)
    yield from _address_faults(settings)
    yield from _pace_faults(settings)
    yield from _tenants_faults(settings)
    yield from _secret_faults(settings)
    yield from _file_faults(settings, config)


def _debug_faults(environment: Mapping[str, str]) -> Iterator[str]:
    for name in DEBUG_VARIABLES:
        if environment.get(name, "").strip().lower() not in OFF:
            yield f"{name} is set, and debug mode shows charts and secrets: unset {name}"


def _address_faults(settings: Settings) -> Iterator[str]:
    for role, scheme in (("web", "https"), ("api", "https"), ("gateway", "wss")):
        url, port = getattr(settings, role).url, getattr(settings, role).port
        if not 0 < port < 65_536:
            yield f"[{role}] port {port} is none: write one from 1 to 65535"
        if not _is_safe(url):
            yield (
                f"[{role}] url {url!r} is neither {scheme} nor on loopback: put a proxy with TLS "
                f"in front and write {scheme}://..."
            )
    for name, app in settings.vendors.items():
        for field in ("authorize_url", "token_url", "api_url", "revoke_url", "redirect_uri"):
            if not _is_safe(getattr(app, field)):
                yield f"[vendor.{name}] {field} is neither https nor on loopback: write https://..."


def _pace_faults(settings: Settings) -> Iterator[str]:
    for name, app in settings.vendors.items():
        if not 0 < app.rate_scale < FASTEST:
            yield f"[vendor.{name}] rate_scale {app.rate_scale} is no factor: leave it out for 1"


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    if not parts.hostname:
        return False
    return parts.scheme in ("https", "wss") or (parts.scheme in ("http", "ws") and is_loopback(url))


def _tenants_faults(settings: Settings) -> Iterator[str]:
    for tenant in settings.tenants:
        yield from tenant_faults(tenant)
    for what, values in (
        ("id", [tenant.id for tenant in settings.tenants]),
        ("issuer", [tenant.issuer.rstrip("/") for tenant in settings.tenants]),
    ):
        for value, times in Counter(values).items():
            if times > 1:
                yield f"{times} [[tenant]] entries have the {what} {value!r}: keep one of them"


def _secret_faults(settings: Settings) -> Iterator[str]:
    for tenant in settings.tenants:
        if tenant.client_type == "symmetric" or tenant.client_secret:
            where = f"tenant {tenant.id!r}: client_secret"
            yield from secret_faults(where, tenant.client_secret, "copy the one the EHR gave")
    for name, app in settings.vendors.items():
        where = f"[vendor.{name}]"
        given = "copy the one the vendor gave"
        yield from secret_faults(f"{where} client_secret", app.client_secret, given)
        yield from secret_faults(f"{where} webhook_secret", app.webhook_secret, MAKE_ONE)


def secret_faults(where: str, secret: str, mend: str) -> Iterator[str]:
    """Tell why a secret is none; the secret itself is never part of the sentence."""
    if len(secret) < SHORTEST_SECRET:
        yield f"{where} is shorter than {SHORTEST_SECRET} characters: {mend}"
    elif _is_default(secret):
        yield f"{where} is a default or a pattern that anybody can guess: {mend}"


def _is_default(secret: str) -> bool:
    plain = re.sub(r"[^a-z0-9]", "", secret.lower())
    left = PLACEHOLDERS.sub("", plain)
    return len(set(secret)) < FEWEST_CHARACTERS or len(left) * 2 < len(plain)


def _file_faults(settings: Settings, config: Path) -> Iterator[str]:
    if _mode(settings.data) & 0o007:
        yield f"{settings.data} can be entered by everybody on this machine: chmod o-rwx it"
    if _mode(config) & 0o007 and _holds_secrets(settings):
        yield f"{config} holds secrets and can be read by everybody: chmod 640 it"
    if _mode(settings.keys) & 0o077:
        yield f"{settings.keys} can be entered by others than its owner: chmod 700 it"
    for path in sorted(settings.keys.glob("*")) if settings.keys.is_dir() else []:
        # a lock is empty, and made by whoever comes first
        if path.is_file() and path.suffix != ".lock" and _mode(path) & 0o077:
            yield f"{path} can be read by others than its owner: chmod 600 it"


def _holds_secrets(settings: Settings) -> bool:
    return bool(settings.vendors) or any(tenant.client_secret for tenant in settings.tenants)


def _mode(path: Path) -> int:
    """Permission bits; none where there is nothing yet, for the roles create it closed."""
    return S_IMODE(path.stat().st_mode) if path.exists() else 0
