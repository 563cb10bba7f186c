"""Where companion apps on patients' phones push: kept as it came, answered, read later."""

from __future__ import annotations

from typing import Any

from wearable_agg.api.problems import NO_CONSENT, TOO_LARGE, TOO_MANY
from wearable_agg.api.routes import BY_DEVICE, Call, Route
from wearable_agg.client import care
from wearable_agg.intake import inbox
from wearable_agg.people.devices import heard_from
from wearable_agg.vendors.apple.reader import LARGEST_PUSH, PUSH, AppleHealth

PUSHES = "/device/pushes"


def push(call: Call) -> dict[str, Any]:
    """Keep a push of Health Auto Export, or in the envelope of mobile SDKs.

    At most 8,000,000 bytes of JSON, and 36 pushes a minute of one app. It is on disk, sealed,
    before the answer. What of it cannot be read, or is not shared, is set apart later with the
    reason and the rest is kept.
    """
    account_id = call.values["account"]
    inbox.keep(
        call.connection,
        call.backend.vault,
        tenant=call.asker.tenant,
        vendor=AppleHealth.id,
        account_id=account_id,
        kind=PUSH,
        raw=call.body,
    )
    heard_from(call.connection, account_id)
    return {"bytes": len(call.body)}


PUSHING = (
    Route(
        "POST",
        PUSHES,
        "push",
        "Push from a companion app",
        "",
        push,
        care.Kept,
        body=care.Push,
        status=202,
        problems=(NO_CONSENT, TOO_LARGE, TOO_MANY),
        credential=BY_DEVICE,
        most_bytes=LARGEST_PUSH,
    ),
)
