"""What can go wrong at the EHR, named by what the caller can do about it."""

from __future__ import annotations


class EhrError(Exception):
    """The EHR could not do what was asked."""


class EhrUnavailable(EhrError):
    """The EHR does not answer, or says that it is busy: try again later."""


class EhrBusy(EhrUnavailable):
    """The EHR asks to come back later, after `seconds` where it says how long."""

    def __init__(self, reason: str, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


class NoAnswer(EhrUnavailable):
    """The request went out and no whole answer came: it may have taken effect."""


class EhrMisconfigured(EhrError):
    """What the EHR says of itself, or answers, cannot be used: an administrator must look."""


class TokensUnusable(EhrMisconfigured):
    """Tokens were issued that cannot be used; what they were issued for is spent."""


class AuthorizationRefused(EhrError):
    """The EHR refused to authorize: `code` is the OAuth error, `description` the EHR's words."""

    def __init__(self, code: str, description: str = "") -> None:
        super().__init__(code)
        self.code, self.description = code, description


class AuthorizationLost(EhrError):
    """The EHR no longer accepts this launch: open the app again from the chart."""


class IdentityRefused(EhrError):
    """The id_token does not prove who signed in: do not let anybody in on it."""


class NotPermitted(EhrError):
    """The EHR keeps this part from the app or its user; asking again changes nothing."""


class NotFound(EhrError):
    """The EHR has no such resource."""
