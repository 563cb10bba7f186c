"""Routes for those whom a hospital names as operators: what waits to be written for anybody."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from wearable_agg.api.asking import audited
from wearable_agg.api.problems import NOT_ALLOWED, NOT_FOUND, Problem
from wearable_agg.api.routes import DELIVERY_OPERATE, Call, Nothing, Parameter, Route
from wearable_agg.client import care
from wearable_agg.delivery import letters, probes
from wearable_agg.delivery.abilities import Personality
from wearable_agg.delivery.identity import Identity
from wearable_agg.delivery.letters import Letter, UnknownLetter
from wearable_agg.delivery.permission import send_refusal
from wearable_agg.delivery.previews import resources_of
from wearable_agg.delivery.reconciliations import Reconciliation, last_of
from wearable_agg.delivery.states import HELD, State
from wearable_agg.delivery.validation import InvalidResource
from wearable_agg.store.outbox_tables import outbox

NUMBER = Parameter("number", "The write's `number`.", {"type": "string"}, where="path")


def deliveries(call: Call) -> dict[str, Any]:
    """Give what waits for a person in this hospital, and how the last reconciliation went."""
    _demand_operator(call)
    tenant = call.backend.settings.tenant(call.asker.tenant)
    personality = _personality(call)
    last = last_of(call.connection, tenant.id)
    return {
        "write_mode": tenant.write_mode,
        "route": personality.route if personality else "",
        "waiting": [_delivery(each) for each in letters.letters(call.connection, tenant.id)],
        "held": [_delivery(each) for each in _held(call)],
        "states": _states(call),
        "reconciled": None if last is None else _reconciled(last),
    }


def preview(call: Call) -> dict[str, Any]:
    """Give what would be sent now for one write; nothing is."""
    found = _letter(call)
    identity = Identity.open(call.backend.settings.keys)
    personality = _personality(call) or Personality()
    try:
        write, refusal = letters.preview(
            call.connection, found.id, identity, personality, send_refusal
        )
    except InvalidResource as error:
        return {"delivery": _delivery(found), "resources": [], "refusal": f"Not valid: {error}"}
    shown = [json.dumps(each, indent=2, ensure_ascii=False) for each in resources_of(write)]
    return {"delivery": _delivery(found), "resources": shown, "refusal": refusal}


def replay(call: Call) -> dict[str, Any]:
    """Have a write begin anew that waits for a person; another one is left alone."""
    found = _letter(call)
    began = letters.replay(call.connection, found.id, call.asker.user, datetime.now(UTC))
    audited(call.connection, call.asker, "delivery.replayed", {"write": found.id, "began": began})
    return _delivery(letters.letter(call.connection, found.id))


def _demand_operator(call: Call) -> None:
    """Raises Problem 403 unless the hospital's settings name the user."""
    tenant = call.backend.settings.tenant(call.asker.tenant)
    if call.asker.user not in tenant.operators:
        raise Problem(NOT_ALLOWED, "The hospital does not name this user as an operator.")


def _letter(call: Call) -> Letter:
    """The write asked for; one of another hospital is not there."""
    _demand_operator(call)
    number = call.values["number"]
    try:
        found = letters.letter(call.connection, int(number) if number.isdecimal() else -1)
    except (UnknownLetter, OverflowError) as error:
        raise Problem(NOT_FOUND, "There is no such write.") from error
    if found.tenant != call.asker.tenant:
        raise Problem(NOT_FOUND, "There is no such write.")
    return found


def _personality(call: Call) -> Personality | None:
    tenant = call.backend.settings.tenant(call.asker.tenant)
    return probes.personalities(call.connection).get(tenant.probed_as or tenant.id)


def _held(call: Call) -> list[Letter]:
    waiting = letters.letters(call.connection, call.asker.tenant, (State.RETRY,))
    return [each for each in waiting if each.reason.startswith(HELD)]


def _states(call: Call) -> list[dict[str, Any]]:
    counted = call.connection.execute(
        select(outbox.c.state, func.count())
        .where(outbox.c.tenant == call.asker.tenant)
        .group_by(outbox.c.state)
        .order_by(outbox.c.state)
    )
    return [{"state": state, "count": count} for state, count in counted.all()]


def _delivery(found: Letter) -> dict[str, Any]:
    return {
        "number": found.id,
        "patient": found.patient,
        "kind": found.kind,
        "state": found.state,
        "reason": found.reason,
        "attempts": found.attempts,
        "queued_at": found.queued_at.isoformat(),
        "updated_at": found.updated_at.isoformat(),
    }


def _reconciled(last: Reconciliation) -> dict[str, Any]:
    return {
        "occasion": last.occasion,
        "started_at": last.started_at.isoformat(),
        "ended_at": last.ended_at.isoformat() if last.ended_at else None,
        **last.tally.counts(),
    }


OPERATING = (
    Route(
        "GET",
        "/deliveries",
        "deliveries",
        "What waits to be written",
        DELIVERY_OPERATE,
        deliveries,
        care.Deliveries,
        recorded="deliveries",
    ),
    Route(
        "GET",
        "/deliveries/{number}",
        "previewDelivery",
        "What would be sent",
        DELIVERY_OPERATE,
        preview,
        care.Preview,
        parameters=(NUMBER,),
        problems=(NOT_FOUND,),
        recorded="delivery-preview",
    ),
    Route(
        "POST",
        "/deliveries/{number}/replay",
        "replayDelivery",
        "Send a write again",
        DELIVERY_OPERATE,
        replay,
        care.Delivery,
        parameters=(NUMBER,),
        body=Nothing,
        problems=(NOT_FOUND,),
    ),
)
