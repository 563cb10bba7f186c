"""A backend over a real store, and a made-up wearable vendor small enough to read at a glance."""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from sqlalchemy import Engine

from config.settings import Listen, Settings, Tenant, VendorApp
from safeguards.assertions import Asker, Signer
from safeguards.strict_json import loads
from safeguards.vault import Vault
from tests.support.stores import place_wearables_store
from wearable_agg.api.factory import create_api
from wearable_agg.intake.day_totals import DayTotals
from wearable_agg.intake.fetching import Fetcher
from wearable_agg.intake.processing import Worker
from wearable_agg.intake.sites import VendorSite, vendor_sites
from wearable_agg.measurements.model import Measurement
from wearable_agg.measurements.types import FURTHER_TOPICS, TOPICS
from wearable_agg.people import accounts, consents
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import is_server, open_database, writing
from wearable_agg.store.migrations import migrate
from wearable_agg.vendors.protocol import (
    LOOK_BACK,
    AccessRefused,
    LinkBroken,
    NotAuthentic,
    Notification,
    Page,
    Profile,
    Tells,
    Tokens,
    UnknownKey,
    Unusable,
    Window,
)

ISSUER = "http://localhost:8400/fhir"
PATIENT = "marit-solheim"
OSLO = ZoneInfo("Europe/Oslo")
EVERY_TOPIC = (*TOPICS, *FURTHER_TOPICS)
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def measured(
    minute: float = 0, value: float = 60.0, kind: str = "heart_rate", **changes: Any
) -> Measurement:
    """A sample taken some minutes after New Year."""
    at = NEW_YEAR + timedelta(minutes=minute)
    unit = {"heart_rate": "/min", "steps": "{steps}", "hrv": "ms"}.get(kind, "/min")
    made = Measurement(kind, value, unit, at, at, None, "band", "Band 2", "passive", "")
    return replace(made, **changes)


@dataclass
class Band:
    """A vendor that signs notifications with HMAC, and whose pages are lists of measurements."""

    id: str = "band"
    name: str = "Band"
    kinds: tuple[str, ...] = ("beats",)
    by_change: frozenset[str] = frozenset()
    accepted_status: int = 204
    data: list[Measurement] = field(default_factory=list)
    page_size: int = 1000
    key: bytes = b"first key"
    good_access: str = "access-1"
    trouble: list[Exception] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    refreshed: int = 0
    user: str = "wearer-7"
    lock: threading.Lock = field(default_factory=threading.Lock)

    def authorize_url(self, app: VendorApp, state: str) -> str:
        return f"{app.authorize_url}?state={state}"

    def exchange(self, http: object, app: VendorApp, code: str) -> Tokens:
        if code != "good-code":
            raise LinkBroken("code refused")
        return self.tokens()

    def tokens(self, seconds: float = 3600) -> Tokens:
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        return Tokens(self.good_access, f"refresh-{self.refreshed}", until, ("all",), self.user)

    def refresh(self, http: object, app: VendorApp, tokens: Tokens) -> Tokens:
        with self.lock:
            if tokens.refresh != f"refresh-{self.refreshed}":
                raise LinkBroken("refresh token used twice")
            self.refreshed += 1
            self.good_access = f"access-{self.refreshed + 1}"
            return self.tokens()

    def backfill_windows(self, kind: str, window: Window) -> list[Window]:
        return [window]

    def look_back(self, kind: str) -> timedelta:
        return LOOK_BACK

    def fetch(
        self,
        http: object,
        app: VendorApp,
        tokens: Tokens,
        kind: str,
        window: Window,
        cursor: str | None,
    ) -> Page:
        self.calls.append(cursor or "first")
        if self.trouble:
            raise self.trouble.pop(0)
        if tokens.access != self.good_access:
            raise AccessRefused(tokens.access)
        inside = [one for one in self.data if window.start <= one.start < window.end]
        first = int(cursor or 0)
        more = first + self.page_size < len(inside)
        page = inside[first : first + self.page_size]
        return Page(kind, written(page), str(first + self.page_size) if more else None)

    def tells(self, kind: str) -> Tells:
        return Tells(frozenset({("heart_rate", False), ("steps", True)}))

    def parse(self, kind: str, raw: bytes, zone: ZoneInfo) -> list[Measurement]:
        return [_measurement(one) for one in loads(raw)]

    def revoke(self, http: object, app: VendorApp, tokens: Tokens) -> None:
        if self.trouble:
            raise self.trouble.pop(0)
        self.calls.append(f"revoke {tokens.access}")

    def subscribe(self, http: object, app: VendorApp, tokens: Tokens, callback_url: str) -> None:
        self.calls.append(f"subscribe {callback_url}")

    def profile(self, http: object, app: VendorApp, tokens: Tokens) -> Profile:
        return Profile("Europe/Oslo", "Band 2")

    def keyset(self, http: object, app: VendorApp) -> bytes:
        return self.key

    def handshake(self, app: VendorApp, headers: Mapping[str, str], raw: bytes) -> int | None:
        if raw != b"hello":
            return None
        return 201 if headers.get("authorization") == app.webhook_secret else 401

    def notifications(
        self, headers: Mapping[str, str], raw: bytes, keys: bytes
    ) -> list[Notification]:
        if keys:
            self.verify(headers, raw, keys)
        said = loads(raw)
        window = said.get("window") and Window(*map(datetime.fromisoformat, said["window"]))
        return [Notification(said["user"], tuple(said["kinds"]), window, said["action"])]

    def reread(self, raw: bytes) -> list[Notification]:
        return self.notifications({}, raw, b"")

    def verify(self, headers: Mapping[str, str], raw: bytes, keys: bytes) -> None:
        if headers.get("x-key") == self.key.decode() != keys.decode():
            raise UnknownKey("a newer key")
        if not hmac.compare_digest(headers.get("x-signature", ""), signature(keys, raw)):
            raise NotAuthentic("wrong signature")


def signature(key: bytes, raw: bytes) -> str:
    """Sign a body as the made-up vendor does."""
    return hmac.new(key, raw, "sha256").hexdigest()


def notice(**said: Any) -> bytes:
    """Write a notification of the made-up vendor."""
    return json.dumps({"user": "wearer-7", "kinds": [], "action": "changed", **said}).encode()


def written(page: list[Measurement]) -> bytes:
    """Write a page of the made-up vendor."""
    return json.dumps(
        [
            {
                **{name: getattr(one, name) for name in Measurement.__slots__},
                "start": one.start.isoformat(),
                "end": one.end.isoformat(),
            }
            for one in page
        ]
    ).encode()


def _measurement(document: Any) -> Measurement:
    if not isinstance(document, dict) or "start" not in document:
        raise Unusable("$[0]", "no start")
    start, end = map(datetime.fromisoformat, (document["start"], document["end"]))
    return Measurement(**{**document, "start": start, "end": end})


@dataclass
class World:
    """A backend with everything that runs in its processes, driven step by step."""

    settings: Settings
    engine: Engine
    vault: Vault
    band: Band
    sites: dict[str, VendorSite]
    stop: threading.Event = field(default_factory=threading.Event)

    def api(self) -> Flask:
        return create_api(self.settings, self.engine, {"band": self.band, "scale": self.scale})

    @property
    def scale(self) -> Band:
        """The same kind of vendor, but one that does not sign."""
        return Band(id="scale", name="Scale", accepted_status=200)

    def worker(self) -> Worker:
        vendors = {"band": self.band, "scale": self.scale}
        return Worker(self.engine, self.vault, vendors, DayTotals({"sandbox": 14}))

    def fetcher(self) -> Fetcher:
        return Fetcher(self.engine, self.vault, self.sites, self.stop)

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            if is_server(connection):
                sql = sql.replace("?", "%s")
            return [tuple(row) for row in connection.exec_driver_sql(sql, tuple(values))]


def open_world(folder: Path, place: Path | str = "") -> World:
    """Make an empty backend in a folder; its store may live at the URL `place`."""
    settings = Settings(
        data=folder,
        web=Listen("127.0.0.1", 8410, "http://127.0.0.1:8410"),
        api=Listen("127.0.0.1", 8411, "http://127.0.0.1:8411"),
        gateway=Listen("127.0.0.1", 8412, "ws://127.0.0.1:8412"),
        tenants=(_tenant(),),
        vendors={"band": _app("band", "http://127.0.0.1:1/keys"), "scale": _app("scale", "")},
        database=place if isinstance(place, str) else "",
    )
    if isinstance(settings.wearables_database, Path):
        place_wearables_store(settings.wearables_database)
    engine = open_database(settings.wearables_database)
    migrate(engine)
    vault = Vault.open(settings.keys)
    band = Band()
    return World(
        settings, engine, vault, band, vendor_sites(settings, engine, vault, {"band": band})
    )


def _tenant() -> Tenant:
    return Tenant(
        id="sandbox",
        name="Sandbox Hospital",
        issuer=ISSUER,
        timezone="Europe/Oslo",
        client_id="app",
        scopes=(),
        frame_ancestors=(),
        backend_client_id="delivery",
        backend_scopes=(),
        operators=("Practitioner/ingrid-lind",),
    )


def _app(vendor: str, keyset_url: str) -> VendorApp:
    return VendorApp(
        vendor=vendor,
        client_id="client",
        client_secret="secret",
        authorize_url="http://127.0.0.1:1/authorize",
        token_url="http://127.0.0.1:1/token",
        api_url="http://127.0.0.1:1/api",
        revoke_url="http://127.0.0.1:1/revoke",
        redirect_uri=f"http://127.0.0.1:8411/link/callback/{vendor}",
        webhook_secret="unguessable-path",
        keyset_url=keyset_url,
    )


def asking(*scopes: str, patient: str = PATIENT) -> Asker:
    """Somebody who asks about a patient, with some scopes."""
    return Asker(
        tenant="sandbox",
        issuer=ISSUER,
        patient=patient,
        user="Practitioner/ingrid-lind",
        user_name="Dr Ingrid Lind",
        context="context-1",
        scopes=frozenset(scopes),
    )


def bearer(world: World, *scopes: str, patient: str = PATIENT) -> dict[str, str]:
    """The header with which the app asks the API."""
    signer = Signer.open(world.settings.keys)
    token = signer.sign(asking(*scopes, patient=patient), "wristchart-api")
    return {"Authorization": f"Bearer {token}"}


def link_person(world: World, patient: str = PATIENT, seconds: float = 3600) -> int:
    """Link a person to the made-up vendor, without any job; returns the account."""
    with writing(world.engine) as connection:
        person = person_for(connection, "sandbox", ISSUER, patient, True, "Europe/Oslo")
        consents.record(connection, "sandbox", person, EVERY_TOPIC, "I agree")
        return accounts.link(
            connection,
            world.vault,
            tenant="sandbox",
            person_id=person,
            vendor="band",
            tokens=world.band.tokens(seconds),
            profile=Profile("Europe/Oslo", "Band 2"),
        )
