"""What can go wrong on the way out, named by what the caller can conclude."""

from __future__ import annotations


class EgressError(Exception):
    """The request brought no answer."""


class Refused(EgressError):
    """The address is not one that this site allows; nothing was sent."""


class Unreachable(EgressError):
    """No whole answer came: the network, a time limit or the size limit."""


class NotConnected(Unreachable):
    """No connection came about: nothing was sent."""
