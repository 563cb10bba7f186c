"""A small EHR on a real port whose every answer a test can bend. It records what it is sent."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import secrets
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from flask import Flask, Response, request
from joserfc import jwt
from joserfc.jwk import ECKey
from werkzeug.serving import make_server

from config.settings import Tenant

CLIENT = "wristchart"
SCOPES = (
    "launch openid fhirUser offline_access patient/Patient.rs "
    "patient/MedicationRequest.rs patient/MedicationStatement.rs"
)
KEY = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256", "kid": "stub-1"})


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    form: dict[str, str]
    authorization: str


@dataclass(slots=True)
class Code:
    """What an authorization code was issued for."""

    patient: str
    challenge: str
    nonce: str
    redirect_uri: str


@dataclass
class StubEhr:
    """Answers as a well-behaved EHR would, but for what a test sets otherwise."""

    patients: dict[str, dict[str, Any]] = field(default_factory=dict)
    resources: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    pages: dict[str, Any] = field(default_factory=dict)  # path with query -> page
    statuses: dict[str, int] = field(default_factory=dict)  # path -> status
    documents: dict[str, Any] = field(default_factory=dict)  # path -> JSON, whatever else is there
    headers: dict[str, dict[str, str]] = field(default_factory=dict)  # path -> headers to add
    configuration: dict[str, Any] = field(default_factory=dict)  # overrides
    token_answer: dict[str, Any] = field(default_factory=dict)  # overrides; None removes
    token_error: tuple[int, dict[str, Any]] | None = None
    claims: dict[str, Any] = field(default_factory=dict)  # overrides of the id_token
    rotate: bool = True
    seconds: int = 3600
    keys: list[ECKey] = field(default_factory=lambda: [KEY])
    sent: list[Sent] = field(default_factory=list)
    codes: dict[str, Code] = field(default_factory=dict)
    valid: set[str] = field(default_factory=set)
    refreshable: dict[str, str] = field(default_factory=dict)  # refresh token -> patient
    spent: set[str] = field(default_factory=set)
    issued: list[str] = field(default_factory=list)
    before_token: threading.Event | None = None
    raw_token_answer: bytes | None = None  # what a refresh is answered with, tokens issued or not
    hang_up_after_token: bool = False  # a refresh takes effect and is never answered

    def __post_init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = make_server("127.0.0.1", 0, self._app(), threaded=True)
        self.url = f"http://localhost:{self._server.server_port}"
        self.base = f"{self.url}/fhir"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening: from here on the EHR is down."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def tenant(self, **changes: Any) -> Tenant:
        """How this EHR is registered."""
        known = {
            "id": "stub",
            "name": "Stub Hospital",
            "issuer": self.base,
            "timezone": "Europe/Oslo",
            "client_id": CLIENT,
            "scopes": tuple(SCOPES.split()),
            "frame_ancestors": (self.url,),
            "backend_client_id": "",
            "backend_scopes": (),
            "allow_http": True,
        }
        return Tenant(**{**known, **changes})

    def authorize(self, url: str, patient: str = "marit") -> str:
        """Sign in at an authorization URL; the callback's query string."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        code = secrets.token_urlsafe(12)
        self.codes[code] = Code(
            patient, asked["code_challenge"], asked["nonce"], asked["redirect_uri"]
        )
        return urlencode({"code": code, "state": asked["state"]})

    def grant(self, patient: str = "marit") -> dict[str, Any]:
        """Issue tokens for a patient, as a token answer."""
        access, refresh = (f"canary-{secrets.token_urlsafe(18)}" for _ in range(2))
        self.valid.add(access)
        self.refreshable[refresh] = patient
        self.issued += [access, refresh]
        return {
            "access_token": access,
            "refresh_token": refresh,
            "token_type": "Bearer",
            "expires_in": self.seconds,
            "scope": SCOPES,
            "patient": patient,
            "need_patient_banner": False,
        }

    def id_token(self, nonce: str) -> str:
        """An id_token for the practitioner, with the claims a test wants."""
        now = int(time.time())
        claims = {
            "iss": self.base,
            "sub": "ingrid",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "fhirUser": f"{self.base}/Practitioner/ingrid-lind",
            "name": "Dr Ingrid Lind",
            **self.claims,
        }
        present = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "ES256", "kid": "stub-1"}, present, KEY)

    def to(self, path: str) -> list[Sent]:
        """What was sent to a path."""
        return [sent for sent in self.sent if sent.path == path]

    def _app(self) -> Flask:
        app = Flask("stub_ehr")
        app.before_request(self._record)
        app.after_request(self._with_headers)
        app.get("/fhir/.well-known/smart-configuration")(self._configuration)
        app.get("/auth/jwks")(self._jwks)
        app.post("/auth/token")(self._token)
        app.post("/auth/revoke")(self._revoke)
        app.get("/fhir/<kind>/<identifier>")(self._read)
        app.get("/fhir/<kind>")(self._search)
        return app

    def _record(self) -> Response | None:
        query = request.args.to_dict(flat=False)
        self.sent.append(
            Sent(
                request.method,
                request.path,
                query,
                request.form.to_dict(),
                request.headers.get("Authorization", ""),
            )
        )
        if status := self.statuses.get(request.path):
            return Response(status=status)
        found = self.documents.get(request.path)
        return Response(json.dumps(found), mimetype="application/json") if found else None

    def _with_headers(self, response: Response) -> Response:
        response.headers.update(self.headers.get(request.path, {}))
        return response

    def _configuration(self) -> dict[str, Any]:
        known = {
            "issuer": self.base,
            "jwks_uri": f"{self.url}/auth/jwks",
            "authorization_endpoint": f"{self.url}/auth/authorize",
            "token_endpoint": f"{self.url}/auth/token",
            "revocation_endpoint": f"{self.url}/auth/revoke",
            "capabilities": ["launch-ehr", "permission-v2", "sso-openid-connect"],
            "code_challenge_methods_supported": ["S256"],
            **self.configuration,
        }
        return {name: value for name, value in known.items() if value is not None}

    def _jwks(self) -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False) for key in self.keys]}

    def _revoke(self) -> str:
        self.valid.discard(request.form["token"])
        self.refreshable.pop(request.form["token"], None)
        return ""

    def _token(self) -> Any:
        if self.before_token is not None:
            self.before_token.wait(5)
        if self.token_error is not None:
            return self.token_error[1], self.token_error[0]
        if request.form["grant_type"] == "refresh_token":
            return self._answer_to_refresh(self._refreshed(request.form["refresh_token"]))
        code = self.codes.pop(request.form["code"], None)
        if code is None or not _proves(request.form["code_verifier"], code.challenge):
            return {"error": "invalid_grant"}, 400
        answer = self.grant(code.patient) | {"id_token": self.id_token(code.nonce)}
        changed = {**answer, **self.token_answer}
        return {name: value for name, value in changed.items() if value is not None}

    def _answer_to_refresh(self, answer: Any) -> Any:
        if self.hang_up_after_token:
            request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return answer if self.raw_token_answer is None else self.raw_token_answer

    def _refreshed(self, token: str) -> Any:
        if token in self.spent:
            self.valid.clear()
            self.refreshable.clear()
        if token not in self.refreshable:
            return {"error": "invalid_grant"}, 400
        answer = self.grant(self.refreshable[token])
        if self.rotate:
            del self.refreshable[token]
            self.spent.add(token)
        else:
            del answer["refresh_token"]
        return {**answer, **self.token_answer}

    def _read(self, kind: str, identifier: str) -> Any:
        if refused := self._refuse():
            return refused
        known = self.patients if kind == "Patient" else {}
        known = known | {r["id"]: r for r in self.resources.get(kind, []) if "id" in r}
        return known.get(identifier, ({}, 404))

    def _search(self, kind: str) -> Any:
        if refused := self._refuse():
            return refused
        page = self.pages.get(request.full_path) or self.pages.get(request.path)
        if page is not None:
            return Response(json.dumps(page), mimetype="application/fhir+json")
        entries = [{"resource": resource} for resource in self.resources.get(kind, [])]
        return {"resourceType": "Bundle", "type": "searchset", "entry": entries}

    def _refuse(self) -> Response | None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return None if token in self.valid else Response("expired", 401, mimetype="text/plain")


def _proves(verifier: str, challenge: str) -> bool:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge


def patient(identifier: str = "marit", family: str = "Solheim") -> dict[str, Any]:
    """A Patient."""
    return {
        "resourceType": "Patient",
        "id": identifier,
        "name": [{"use": "official", "given": [identifier.title()], "family": family}],
        "gender": "female",
        "birthDate": "1958-03-14",
        "identifier": [
            {"type": {"coding": [{"code": "MR"}]}, "value": "004417"},
        ],
    }


def order(identifier: str = "m1", subject: str = "marit", **changes: Any) -> dict[str, Any]:
    """A MedicationRequest."""
    return {
        "resourceType": "MedicationRequest",
        "id": identifier,
        "status": "active",
        "intent": "order",
        "subject": {"reference": f"Patient/{subject}"},
        "medicationCodeableConcept": {"text": "Apixaban 5 mg"},
        "authoredOn": "2026-01-05",
        **changes,
    }
