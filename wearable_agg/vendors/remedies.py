"""What a caller can do about a vendor's error, in words."""

from __future__ import annotations

from wearable_agg.vendors.errors import (
    AccessRefused,
    LinkBroken,
    NotPermitted,
    RequestRefused,
    TryLater,
    VendorDown,
    VendorError,
)

_REMEDIES: dict[type[VendorError], str] = {
    AccessRefused: "refresh the access token once",
    LinkBroken: "ask the person to link again",
    NotPermitted: "leave this kind of data out",
    RequestRefused: "do not repeat the request",
    VendorDown: "try again with growing pauses",
}


def remedy(error: VendorError) -> str:
    """Say what can be done about an error."""
    if isinstance(error, TryLater):
        return f"wait {error.after_seconds:g} s"
    return _REMEDIES[type(error)]
