"""What can go wrong between the app and the backend, named by what the caller can do."""

from __future__ import annotations


class BackendError(Exception):
    """The backend did not answer what was asked."""


class BackendDown(BackendError):
    """The backend cannot be reached or fails: show what else there is, and try again later."""


class BackendSilent(BackendDown):
    """The backend did not answer in time: whatever is asked next would wait as long."""


class NotAllowed(BackendError):
    """The asker may not do this, or the patient does not share it."""


class NotFound(BackendError):
    """The patient has no such thing."""


class Stale(BackendError):
    """Somebody acted since it was read: read it again, then decide."""


class Refused(BackendError):
    """The backend calls the request itself wrong: repeating it cannot help."""
