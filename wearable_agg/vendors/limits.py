"""How many requests a minute vendors allow by their documentation, and we allow companion apps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SHARE = 0.9
"""What fetching may use of a limit; the rest is for new tokens, links and subscriptions."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests a minute: of the whole application, and on behalf of one user."""

    application: int
    user: int

    def __post_init__(self) -> None:
        if not 0 < self.user <= self.application:
            raise ValueError(f"{self.user} a user of {self.application} altogether")

    def times(self, scale: float) -> Limits:
        """Return these limits as a plan of so many times the documented one has them."""
        user = max(1, round(self.user * scale))
        return Limits(max(user, round(self.application * scale)), user)


LIMITS: dict[str, Limits] = {
    "apple": Limits(application=12_000, user=40),
    "google_health": Limits(application=120_000, user=300),
    "withings": Limits(application=120, user=120),
}
"""By vendor; one that is not named here has no limit that we know of.

Apple Health: our own, for apps that push: each sends what is new every few minutes at most.
Withings: the public plan's, for the application alone. Google: the project's quota and the user's.
"""

Scales = Mapping[str, float]
"""By vendor, how many times the documented limits it allows this site; 1 where none is named."""


def limits_of(vendor: str, scales: Scales) -> Limits | None:
    """Return what a vendor allows this site, None where no limit is known."""
    documented = LIMITS.get(vendor)
    return documented and documented.times(scales.get(vendor, 1.0))


def usable(requests: int) -> int:
    """Return how many of the requests that a limit allows may be used up."""
    return int(requests * SHARE)


def pushes_a_minute(vendor: str) -> int:
    """Return how often one app of a vendor that pushes may do so in a minute."""
    return usable(LIMITS[vendor].user)
