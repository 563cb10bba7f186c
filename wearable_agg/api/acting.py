"""Routes with which the assertion's user acts for the patient."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response
from sqlalchemy import Connection

from safeguards.assertions import Asker
from wearable_agg.api.asking import asker_with, audited, authenticate, person_of
from wearable_agg.api.backend import Backend
from wearable_agg.api.parameters import LONGEST_NOTE, body, idempotency_key
from wearable_agg.api.problems import Problem, bad_request
from wearable_agg.api.reading import json_answer
from wearable_agg.delivery.acknowledgement import StaleFinding, UnknownFinding, acknowledge
from wearable_agg.people.invitations import invite
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import writing

FINDING_ACT, PEOPLE_INVITE, ECG_WRITE = "finding.act", "people.invite", "ecg.write"
GATEWAY = "wristchart-gateway"
ECG_TOKEN_LIFE = timedelta(hours=24)


def acting_blueprint(backend: Backend) -> Blueprint:
    """Return the routes under /api/v1/patient that change something."""
    routes = Blueprint("acting", __name__, url_prefix="/api/v1/patient")
    acting = _Acting(backend)
    routes.before_request(lambda: authenticate(backend))
    routes.post("/findings/<finding_id>/acknowledgement")(acting.acknowledge)
    routes.post("/invitations")(acting.invite)
    routes.post("/ecg-tokens")(acting.pair_ecg)
    return routes


class _Acting:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def acknowledge(self, finding_id: str) -> Response:
        """Record that the user acknowledges a finding, once per Idempotency-Key."""
        asker = asker_with(FINDING_ACT)
        key = idempotency_key()
        note, version = _acknowledgement()
        with writing(self._backend.engine) as connection:
            person_id = person_of(connection, asker)
            if person_id is None:
                raise _unknown_finding()
            try:
                finding = acknowledge(connection, asker, person_id, finding_id, note, version, key)
            except UnknownFinding as error:
                raise _unknown_finding() from error
            except StaleFinding as error:
                detail = "Somebody acted on the finding since it was read: read it again."
                raise Problem(409, "Stale", detail) from error
        return json_answer(finding)

    def invite(self) -> Response:
        """Make an invitation with which the patient can link one wearable."""
        asker = asker_with(PEOPLE_INVITE)
        with writing(self._backend.engine) as connection:
            person_id = self._person(connection, asker)
            token, expires_at = invite(
                connection, asker.tenant, person_id, asker.user, asker.user_name
            )
            audited(connection, asker, "invitation.made", {"expires_at": str(expires_at)})
        url = f"{self._backend.settings.api.url}/link/{token}"
        return json_answer({"url": url, "expires_at": expires_at.isoformat()}, 201)

    def pair_ecg(self) -> Response:
        """Give a token with which one ECG stream of this patient may be sent."""
        asker = asker_with(ECG_WRITE)
        with writing(self._backend.engine) as connection:
            self._person(connection, asker)
            audited(connection, asker, "ecg-token.made", {})
        sender = dataclasses.replace(asker, scopes=frozenset({ECG_WRITE}))
        seconds = int(ECG_TOKEN_LIFE.total_seconds())
        return json_answer(
            {
                "token": self._backend.signer.sign(sender, GATEWAY, seconds),
                "expires_at": (datetime.now(UTC) + ECG_TOKEN_LIFE).isoformat(),
                "url": f"{self._backend.settings.gateway.url}/ecg",
            },
            201,
        )

    def _person(self, connection: Connection, asker: Asker) -> int:
        zone = self._backend.settings.tenant(asker.tenant).timezone
        found = person_for(
            connection, asker.tenant, asker.issuer, asker.patient, create=True, timezone=zone
        )
        if found is None:
            raise LookupError(asker.patient)
        return found


def _acknowledgement() -> tuple[str, int]:
    document = body()
    note, version = document.get("note", ""), document.get("version")
    if not isinstance(note, str) or len(note) > LONGEST_NOTE:
        raise bad_request(f"note is a text of at most {LONGEST_NOTE} characters.")
    if not isinstance(version, int) or isinstance(version, bool):
        raise bad_request("version is the finding's version as read.")
    return note, version


def _unknown_finding() -> Problem:
    return Problem(404, "Not found", "This patient has no such finding.")
