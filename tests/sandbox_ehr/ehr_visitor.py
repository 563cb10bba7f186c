"""A test's view of the demo EHR: an app that launches, signs in and talks FHIR over real HTTP."""

from __future__ import annotations

import secrets
import threading
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from waitress import create_server

from sandbox.ehr.app import create_app
from sandbox.ehr.clients import Client, client_of
from sandbox.ehr.database import utc_now
from sandbox.ehr.settings import Settings
from tests.support.client_keys import place_signing_key

REDIRECT = "http://127.0.0.1:9/callback"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
EC_KEY = ECKey.generate_key("P-384", {"use": "sig", "kid": "ec"})
RSA_KEY = RSAKey.generate_key(2048, {"use": "sig", "kid": "rsa"})
STRANGE_KEY = ECKey.generate_key("P-384", {"use": "sig", "kid": "ec"})
JWKS = {"keys": [EC_KEY.as_dict(private=False), RSA_KEY.as_dict(private=False)]}

USER_SCOPES = [
    "launch",
    "launch/patient",
    "openid",
    "fhirUser",
    "offline_access",
    "patient/Patient.rs",
    "patient/MedicationRequest.rs",
    "patient/Medication.rs",
    "patient/MedicationStatement.rs",
    "patient/Condition.rs",
    "patient/Flag.rs",
    "user/Practitioner.r",
]
SYSTEM_SCOPES = [
    f"system/{name}.cruds"
    for name in ("Flag", "Observation", "Device", "Provenance", "Medication", "MedicationRequest")
] + ["system/Patient.rs"]


class Clock:
    """Real time, moved forward at will."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    def forward(self, **length: float) -> None:
        """Let time pass."""
        self.ahead += timedelta(**length)


def registered(**changes: Any) -> dict[str, Client]:
    """The apps every test server knows."""
    user = {"scopes": USER_SCOPES, "redirect_uris": [REDIRECT]}
    backend = {"scopes": SYSTEM_SCOPES, "kind": "backend", "jwks": JWKS}
    entries = [
        user | {"client_id": "public", "kind": "public"},
        user | {"client_id": "symmetric", "kind": "symmetric", "client_secret": "s3cret"},
        user | {"client_id": "asymmetric", "kind": "asymmetric", "jwks": JWKS},
        user | {"client_id": "other", "kind": "public"},
        backend | {"client_id": "backend"},
        backend | {"client_id": "reader", "scopes": ["system/Flag.rs"]},
        backend | {"client_id": "brief", "access_token_seconds": 1},
        backend | {"client_id": "vitals", "scopes": ["system/Observation.cruds?code=41950-7"]},
    ]
    clients = {entry["client_id"]: client_of(entry) for entry in entries}
    return clients | changes


@dataclass
class Ehr:
    """One running server and what tests ask of it."""

    url: str
    clock: Clock
    data: Path
    http: requests.Session = field(default_factory=requests.Session)

    @property
    def base(self) -> str:
        """The FHIR base."""
        return f"{self.url}/fhir"

    @property
    def token_url(self) -> str:
        """The token endpoint."""
        return f"{self.url}/auth/token"

    def launch(self, patient: str) -> str:
        """What the chart page passes to the app."""
        answer = self.http.post(f"{self.url}/sandbox/launches", json={"patient": patient})
        return str(answer.json()["launch"])

    def authorize(self, method: str = "GET", **changes: str | None) -> requests.Response:
        """An authorization request, right but for the changes; None leaves a parameter out."""
        values: dict[str, str | None] = {
            "response_type": "code",
            "client_id": "public",
            "redirect_uri": REDIRECT,
            "scope": "launch openid fhirUser offline_access patient/*.rs user/Practitioner.r",
            "state": "st4te",
            "nonce": "n0nce",
            "aud": self.base,
            "code_challenge": challenge("v" * 64),
            "code_challenge_method": "S256",
        } | changes
        if "launch" not in values:
            values["launch"] = self.launch("marit-solheim")
        sent = {"params" if method == "GET" else "data": {k: v for k, v in values.items() if v}}
        return self.http.request(
            method, f"{self.url}/auth/authorize", allow_redirects=False, **sent
        )

    def code(self, **changes: str | None) -> str:
        """A fresh authorization code."""
        return redirected(self.authorize(**changes))["code"]

    def exchange(self, code: str, **changes: str | None) -> requests.Response:
        """Exchange a code at the token endpoint as the public client."""
        values = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": "v" * 64,
            "client_id": "public",
        } | changes
        return self.token({name: text for name, text in values.items() if text})

    def refresh(self, token: str, **changes: str) -> requests.Response:
        """Exchange a refresh token as the public client."""
        values = {"grant_type": "refresh_token", "refresh_token": token, "client_id": "public"}
        return self.token(values | changes)

    def token(self, values: dict[str, str], **options: Any) -> requests.Response:
        """A token request."""
        return self.http.post(self.token_url, data=values, **options)

    def sign_in(self, patient: str = "marit-solheim", **changes: str | None) -> dict[str, Any]:
        """The token response of a launch from the chart."""
        return dict(self.exchange(self.code(launch=self.launch(patient), **changes)).json())

    def reader(self, patient: str = "marit-solheim", **changes: str | None) -> Fhir:
        """FHIR as the launched app sees it."""
        return Fhir(self, self.sign_in(patient, **changes)["access_token"])

    def backend(self, client_id: str = "backend", scope: str = "system/*.cruds") -> Fhir:
        """FHIR as a backend service sees it."""
        return Fhir(self, self.client_credentials(client_id, scope).json()["access_token"])

    def client_credentials(
        self, client_id: str = "backend", scope: str = "system/*.cruds", assertion: str = ""
    ) -> requests.Response:
        """A Backend Services token request."""
        values = {
            "grant_type": "client_credentials",
            "scope": scope,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion or self.assertion(client_id),
        }
        return self.token({name: text for name, text in values.items() if text})

    def assertion(
        self, client_id: str = "backend", key: Any = EC_KEY, alg: str = "ES384", **changes: Any
    ) -> str:
        """A client assertion, right but for the changes (``kid`` and ``typ`` go to the header)."""
        header = {"alg": alg, "kid": key.kid, "typ": "JWT"}
        header |= {name: changes.pop(name) for name in ("kid", "typ", "jku") if name in changes}
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": self.token_url,
            "exp": int(time.time() + self.clock.ahead.total_seconds()) + 240,
            "jti": str(uuid.uuid4()),
        } | changes
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(header, kept, key, algorithms=[alg])


@dataclass
class Fhir:
    """FHIR calls with one access token."""

    ehr: Ehr
    token: str

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """One request below the FHIR base (or to a full URL)."""
        address = path if path.startswith("http") else f"{self.ehr.base}/{path}"
        headers = {"Authorization": f"Bearer {self.token}"} | options.pop("headers", {})
        if "json" in options:
            headers.setdefault("Content-Type", "application/fhir+json")
        return requests.request(method, address, headers=headers, timeout=20, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        """GET."""
        return self.call("GET", path, **options)

    def post(self, path: str, resource: Any, **headers: str) -> requests.Response:
        """POST with headers given as If_None_Exist="..." and the like."""
        return self.call("POST", path, json=resource, headers=dashed(headers))

    def put(self, resource: dict[str, Any], **headers: str) -> requests.Response:
        """PUT a resource to its own address."""
        path = f"{resource['resourceType']}/{resource['id']}"
        return self.call("PUT", path, json=resource, headers=dashed(headers))

    def ids(self, path: str) -> list[str]:
        """Ids of the matches on the first page of a search."""
        entries = self.get(path).json()["entry"]
        return [e["resource"]["id"] for e in entries if e["search"]["mode"] == "match"]


def dashed(headers: dict[str, str]) -> dict[str, str]:
    """Header names from Python names."""
    return {name.replace("_", "-"): text for name, text in headers.items()}


def flag(patient: str = "marit-solheim", **changes: Any) -> dict[str, Any]:
    """A valid Flag."""
    return {
        "resourceType": "Flag",
        "status": "active",
        "code": {"text": "Possible atrial fibrillation"},
        "subject": {"reference": f"Patient/{patient}"},
        "identifier": [{"system": "https://example.org/flag", "value": secrets.token_hex(8)}],
        "period": {"start": "2026-01-02T03:04:05Z"},
    } | changes


def challenge(verifier: str) -> str:
    """The S256 code challenge."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def redirected(answer: requests.Response) -> dict[str, str]:
    """The query of the redirect to the app."""
    assert answer.status_code == 302, answer.text
    assert answer.headers["Location"].startswith(f"{REDIRECT}?")
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


@contextmanager
def served(application: Any) -> Iterator[str]:
    """The address of a WSGI application served by waitress in a thread."""
    server = create_server(application, listen="127.0.0.1:0", threads=12)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        # Closed by its own thread, which would otherwise be waiting on closed sockets; if that
        # thread is quick, the trigger is closed while it is being pulled.
        with suppress(OSError):
            server.trigger.pull_trigger(lambda: server.asyncore.close_all(server._map))
        thread.join(timeout=5)
        server.task_dispatcher.shutdown()


class LateBound:
    """A WSGI application that is made once its own address is known."""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self.application(environ, start_response)


@contextmanager
def running_ehr(data: Path, clock: Clock | None = None, **clients: Client) -> Iterator[Ehr]:
    """A demo EHR on a free port."""
    late, clock = LateBound(), clock or Clock()
    place_signing_key(data)
    with served(late) as url:
        late.application = create_app(
            Settings(url, data, registered(**clients), "http://127.0.0.1:9/launch.html", clock)
        )
        yield Ehr(url, clock, data)
