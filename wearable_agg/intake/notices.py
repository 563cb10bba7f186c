"""Notifications as they lie in the inbox: what was verified, beside the vendor's own bytes."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

from wearable_agg.store.clock import from_micros, to_micros
from wearable_agg.vendors.protocol import Notification, Window


def pack(raw: bytes, notifications: Sequence[Notification]) -> bytes:
    """Write the raw body and what its verified notifications say; equal input, equal bytes."""
    said = [
        {
            "user": one.vendor_user_id,
            "kinds": list(one.kinds),
            "window": one.window and [to_micros(one.window.start), to_micros(one.window.end)],
            "action": one.action,
        }
        for one in notifications
    ]
    return json.dumps({"raw": base64.b64encode(raw).decode(), "notifications": said}).encode()


def unpack(packed: bytes) -> list[Notification]:
    """Read the notifications back."""
    return [
        Notification(
            vendor_user_id=one["user"],
            kinds=tuple(one["kinds"]),
            window=one["window"] and Window(*map(from_micros, one["window"])),
            action=one["action"],
        )
        for one in json.loads(packed)["notifications"]
    ]
