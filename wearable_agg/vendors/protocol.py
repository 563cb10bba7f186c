"""What the rest of the backend may ask of any wearable vendor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, Protocol
from zoneinfo import ZoneInfo

from config.settings import VendorApp
from wearable_agg.measurements.model import Record
from wearable_agg.vendors.errors import (
    AccessRefused,
    LinkBroken,
    NotAuthentic,
    NotPermitted,
    RequestRefused,
    TryLater,
    UnknownKey,
    Unusable,
    VendorDown,
    VendorError,
)

if TYPE_CHECKING:
    from safeguards.egress import Egress

__all__ = [
    "LOOK_BACK",
    "AccessRefused",
    "LinkBroken",
    "NotAuthentic",
    "NotPermitted",
    "Notification",
    "Page",
    "Profile",
    "RequestRefused",
    "Tells",
    "Tokens",
    "TryLater",
    "UnknownKey",
    "Unusable",
    "Vendor",
    "VendorDown",
    "VendorError",
    "Window",
]


LOOK_BACK = timedelta(days=3)
"""How far a look for news reaches back: watches sync late, and vendors correct the last days."""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of the vendor, verbatim; `next` is the cursor of the following page, if any.

    `changed_until` is the latest change that it tells of, by the vendor's clock, where it says so.
    `leads_to` are spans of other kinds that must have changed with what it tells.
    """

    kind: str
    raw: bytes
    next: str | None
    changed_until: datetime | None = None
    leads_to: tuple[tuple[str, Window], ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span of time between two aware UTC instants.

    Where `changed_since` is given, an instant of the vendor's clock, the vendor is asked for what
    it changed from then on, whenever that was measured.
    """

    start: datetime
    end: datetime
    changed_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a vendor gave for one person. `expires_at` is the access token's end, aware UTC."""

    access: str
    refresh: str
    expires_at: datetime
    scopes: tuple[str, ...]
    vendor_user_id: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What the vendor says about the account: IANA time zone and the device's display name."""

    timezone: str
    device: str


@dataclass(frozen=True, slots=True)
class Notification:
    """Something about one account changed; `window` is None where the vendor names no time."""

    vendor_user_id: str
    kinds: tuple[str, ...]
    window: Window | None
    action: Literal["changed", "deleted", "unlinked"]


@dataclass(frozen=True, slots=True)
class Tells:
    """What a kind of data, fetched whole, tells of: a value that it lacks is deleted there.

    `types` are (type, whether its values are of whole days). `named` says that only values with
    an id of the vendor's are of this kind, None that it does not matter.
    """

    types: frozenset[tuple[str, bool]] = frozenset()
    named: bool | None = None


class Vendor(Protocol):
    """One wearable vendor.

    Every method that takes `http` may raise VendorDown, and safeguards.egress.Refused where the
    configured address is not an allowed origin.
    """

    @property
    def id(self) -> str:
        """The vendor's identifier in settings, addresses and stored rows."""

    @property
    def name(self) -> str:
        """The vendor's name as people know it."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of data that are fetched, each on its own."""

    @property
    def by_change(self) -> frozenset[str]:
        """The kinds of which the vendor tells what it changed since an instant of its clock."""

    def look_back(self, kind: str) -> timedelta:
        """Return how far a look for news of a kind reaches back at least."""

    @property
    def accepted_status(self) -> int:
        """The HTTP status with which the vendor wants a notification acknowledged."""

    def authorize_url(self, app: VendorApp, state: str) -> str:
        """Return the address of the vendor's consent page for this state."""

    def exchange(self, http: Egress, app: VendorApp, code: str) -> Tokens:
        """Trade an authorization code for tokens; raises LinkBroken where the code is refused."""

    def refresh(self, http: Egress, app: VendorApp, tokens: Tokens) -> Tokens:
        """Return fresh tokens, to be stored before first use; raises LinkBroken, TryLater."""

    def revoke(self, http: Egress, app: VendorApp, tokens: Tokens) -> None:
        """End the grant at the vendor, as a person who withdraws consent expects."""

    def backfill_windows(self, kind: str, window: Window) -> list[Window]:
        """Cut `window` into spans the vendor answers in one (paged) request, newest first."""

    def fetch(
        self,
        http: Egress,
        app: VendorApp,
        tokens: Tokens,
        kind: str,
        window: Window,
        cursor: str | None,
    ) -> Page:
        """Fetch one page of `kind` for one of the windows of `backfill_windows`.

        A window with `changed_since` is for kinds of `by_change` only.

        Raises TryLater, AccessRefused, LinkBroken, NotPermitted, RequestRefused and VendorDown.
        """

    def tells(self, kind: str) -> Tells:
        """Say what a kind tells of, so that what the vendor deleted is found to be missing."""

    def parse(self, kind: str, raw: bytes, zone: ZoneInfo) -> Sequence[Record]:
        """Read a page into measurements and other records; pure.

        `zone` is the account's time zone (Profile.timezone): it places days that the vendor names
        by calendar date only. Raises safeguards.strict_json.Malformed and Unusable.
        """

    def subscribe(self, http: Egress, app: VendorApp, tokens: Tokens, callback_url: str) -> None:
        """Ask for notifications about this account at `callback_url`; safe to repeat."""

    def profile(self, http: Egress, app: VendorApp, tokens: Tokens) -> Profile:
        """Read the account's time zone and device; raises as `fetch` does."""

    def keyset(self, http: Egress, app: VendorApp) -> bytes:
        """Return the vendor's public notification keys, verbatim; empty where it does not sign.

        Keep them for at most a day.
        """

    def handshake(self, app: VendorApp, headers: Mapping[str, str], raw: bytes) -> int | None:
        """Return the status to answer where a POST only proves our address, otherwise None."""

    def notifications(
        self, headers: Mapping[str, str], raw: bytes, keys: bytes
    ) -> list[Notification]:
        """Verify a notification on its raw bytes and read it.

        Raises NotAuthentic (UnknownKey where `keys` lacks the signing key), Malformed, Unusable.
        """

    def reread(self, raw: bytes) -> list[Notification]:
        """Read a notification that was verified when it arrived; raises Malformed, Unusable."""
