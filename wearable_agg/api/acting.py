"""Routes with which the assertion's user acts for the patient."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from wearable_agg.api.asking import audited
from wearable_agg.api.problems import NO_CONSENT, NOT_FOUND, STALE, Problem
from wearable_agg.api.reading import FINDING_ID, demand_rhythm
from wearable_agg.api.routes import ECG_WRITE, FINDING_ACT, Call, Nothing, Route
from wearable_agg.client import model
from wearable_agg.delivery.acknowledgement import StaleFinding, UnknownFinding
from wearable_agg.delivery.acknowledgement import acknowledge as record_acknowledgement

GATEWAY = "wristchart-gateway"
ECG_TOKEN_LIFE = timedelta(hours=24)
LONGEST_NOTE = 2000


@dataclass(frozen=True, slots=True)
class Acknowledging:
    """`version` is the finding's version as read."""

    version: int
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""


def acknowledge(call: Call) -> dict[str, Any]:
    """Record that the user acknowledges a finding."""
    demand_rhythm(call)
    finding_id, said = call.values["finding_id"], call.body
    try:
        return record_acknowledgement(
            call.connection,
            call.asker,
            call.person_id,
            finding_id,
            said.note,
            said.version,
            call.key,
        )
    except UnknownFinding as error:
        raise Problem(NOT_FOUND, "This patient has no such finding.") from error
    except StaleFinding as error:
        detail = "Somebody acted on the finding since it was read: read it again."
        raise Problem(STALE, detail) from error


def pair_ecg(call: Call) -> dict[str, Any]:
    """Give a token with which one ECG stream of this patient may be sent."""
    call.person()
    audited(call.connection, call.asker, "ecg-token.made", {})
    sender = dataclasses.replace(call.asker, scopes=frozenset({ECG_WRITE}))
    seconds = int(ECG_TOKEN_LIFE.total_seconds())
    return {
        "token": call.backend.signer.sign(sender, GATEWAY, seconds),
        "expires_at": (datetime.now(UTC) + ECG_TOKEN_LIFE).isoformat(),
        "url": f"{call.backend.settings.gateway.url}/ecg",
    }


ACTING = (
    Route(
        "POST",
        "/patient/findings/{finding_id}/acknowledgement",
        "acknowledge",
        "Acknowledge a finding",
        FINDING_ACT,
        acknowledge,
        model.Finding,
        parameters=(FINDING_ID,),
        body=Acknowledging,
        problems=(NO_CONSENT, NOT_FOUND, STALE),
    ),
    Route(
        "POST",
        "/patient/ecg-tokens",
        "pairEcg",
        "Pair an ECG device",
        ECG_WRITE,
        pair_ecg,
        model.EcgToken,
        body=Nothing,
        status=201,
    ),
)
