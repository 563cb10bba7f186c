"""What can go wrong with a vendor, named by what the caller can do about it."""

from __future__ import annotations


class VendorError(Exception):
    """A wearable vendor could not do what was asked."""


class TryLater(VendorError):
    """The vendor's rate limit is spent; ask again after `after_seconds`.

    `of_application` says that the limit is one for all accounts together.
    """

    def __init__(self, after_seconds: float, *, of_application: bool = False) -> None:
        super().__init__(f"rate limited, try again in {after_seconds:g} s")
        self.after_seconds = after_seconds
        self.of_application = of_application


class AccessRefused(VendorError):
    """The access token is refused: refresh once and ask again; twice, the link is broken."""


class LinkBroken(VendorError):
    """The person must link the vendor account again; no request can succeed before."""


class NotPermitted(VendorError):
    """The person did not grant this kind of data; leave the kind out, keep the link."""


class VendorDown(VendorError):
    """The vendor cannot be reached or answers with a fault of its own; retry with back-off."""


class RequestRefused(VendorError):
    """The vendor calls the request itself wrong: repeating it cannot help."""


class Unusable(VendorError):
    """An answer has not the shape its vendor documents; `path` says where."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason


class NotAuthentic(VendorError):
    """A notification does not carry the vendor's own signature; answer 401 and drop it."""


class UnknownKey(NotAuthentic):
    """The signature names a key the key set lacks: fetch the key set anew and verify again."""
