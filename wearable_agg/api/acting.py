"""Routes with which the assertion's user acts for the patient."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

from wearable_agg.api.asking import audited
from wearable_agg.api.routes import ECG_WRITE, Call, Nothing, Route
from wearable_agg.client import care

GATEWAY = "wristchart-gateway"
ECG_TOKEN_LIFE = timedelta(hours=24)


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
        "/patient/ecg-tokens",
        "pairEcg",
        "Pair an ECG device",
        ECG_WRITE,
        pair_ecg,
        care.EcgToken,
        body=Nothing,
        status=201,
    ),
)
