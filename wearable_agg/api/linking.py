"""The pages on which an invited patient sees what is shared, with whom and why, and links."""

from __future__ import annotations

import structlog
from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from wearable_agg.api.backend import Backend
from wearable_agg.intake.linking import Linker
from wearable_agg.intake.sites import VendorSite
from wearable_agg.measurements.types import TOPICS
from wearable_agg.people.accounts import AccountTaken
from wearable_agg.people.invitations import (
    STATE_LIFE,
    Invitation,
    InvitationRefused,
    RoundTrip,
    StateRefused,
    begin_round_trip,
    end_round_trip,
    open_invitation,
)
from wearable_agg.people.registry import timezone_of
from wearable_agg.store.database import writing
from wearable_agg.vendors.protocol import LinkBroken, RequestRefused, Unusable, VendorError

WORDING = (
    "I agree that {hospital} reads these data from my wearable's account: {topics}. "
    "My care team may use them for my care. Without this consent nothing is read."
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

log = structlog.get_logger()


def linking_blueprint(backend: Backend) -> Blueprint:
    """Return the pages under /link."""
    routes = Blueprint(
        "linking",
        __name__,
        url_prefix="/link",
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )
    pages = _Pages(backend)
    routes.get("/callback/<vendor>")(pages.come_back)
    routes.get("/<token>")(pages.choose)
    routes.get("/<token>/<vendor>")(pages.leave)
    routes.register_error_handler(InvitationRefused, _invitation_refused)
    routes.register_error_handler(StateRefused, _state_refused)
    routes.register_error_handler(AccountTaken, _account_taken)
    routes.register_error_handler(VendorError, _vendor_failed)
    routes.register_error_handler(HTTPException, _no_such_page)
    routes.register_error_handler(Exception, _failed)
    routes.after_request(_harden)
    return routes


class _Pages:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        days = backend.settings.backfill_days
        self._linker = Linker(backend.engine, backend.vault, days)

    def choose(self, token: str) -> str:
        """Say who asks, what will be shared and why; offer each vendor."""
        with self._backend.engine.connect() as connection:
            invitation = open_invitation(connection, token)
            zone = timezone_of(connection, invitation.person_id)
        return render_template(
            "link_choose.html",
            hospital=self._hospital(invitation),
            inviter=invitation.invited_by_name,
            topics=TOPICS.values(),
            wording=self._wording(invitation),
            backfill_days=self._backend.settings.backfill_days,
            vendors=[site.vendor for site in self._backend.sites.values()],
            link=request.path.rstrip("/"),
            expires_at=f"{invitation.expires_at.astimezone(zone):%H:%M}",
        )

    def leave(self, token: str, vendor: str) -> AnyResponse:
        """Send the browser to the vendor's own consent page."""
        site = self._site(vendor)
        with writing(self._backend.engine) as connection:
            trip = begin_round_trip(connection, open_invitation(connection, token), vendor)
        answer = redirect(site.vendor.authorize_url(site.app, trip.state), 303)
        answer.set_cookie(
            _cookie(vendor),
            trip.browser,
            max_age=STATE_LIFE,
            path="/link/callback",
            httponly=True,
            samesite="Lax",
            secure=self._backend.settings.api.url.startswith("https:"),
        )
        return answer

    def come_back(self, vendor: str) -> Response:
        """Take the vendor's answer, from the browser that left, once."""
        site = self._site(vendor)
        trip = RoundTrip(request.args.get("state", ""), request.cookies.get(_cookie(vendor), ""))
        with writing(self._backend.engine) as connection:
            invitation = end_round_trip(connection, vendor, trip)
        code = request.args.get("code")
        if not code:
            return _declined(site)
        self._linker.link(invitation, site, code, self._wording(invitation))
        return self._linked(invitation, site)

    def _linked(self, invitation: Invitation, site: VendorSite) -> Response:
        hospital = self._hospital(invitation)
        return _message(
            200,
            "Linked",
            f"{site.vendor.name} is linked",
            f"Thank you. Your care team at {hospital} will see your data in a few minutes. "
            "You can close this page.",
        )

    def _site(self, vendor: str) -> VendorSite:
        return self._backend.sites.get(vendor) or abort(404)

    def _hospital(self, invitation: Invitation) -> str:
        return self._backend.settings.tenant(invitation.tenant).name

    def _wording(self, invitation: Invitation) -> str:
        topics = ", ".join(topic.lower() for topic in TOPICS.values())
        return WORDING.format(hospital=self._hospital(invitation), topics=topics)


def _cookie(vendor: str) -> str:
    return f"wristchart_link_{vendor}"


def _harden(answer: Response) -> Response:
    answer.headers.update(_HEADERS)
    return answer


def _message(status: int, state: str, title: str, text: str) -> Response:
    page = render_template(
        "link_message.html", state=state, title=title, text=text, good=status == 200
    )
    return make_response(page, status)


def _declined(site: VendorSite) -> Response:
    return _message(
        200,
        "Nothing is shared",
        f"You did not link {site.vendor.name}",
        "If you change your mind, open the invitation again while it is valid.",
    )


def _invitation_refused(_error: InvitationRefused) -> Response:
    return _message(
        410,
        "Not valid any more",
        "This invitation has been used or has expired",
        "Ask your care team for a new one: it takes them a moment.",
    )


def _state_refused(error: StateRefused) -> Response:
    log.warning("link state refused", vendor=str(error))
    return _message(
        400,
        "Nothing is shared",
        "This answer does not belong to a page you opened here",
        "Open the invitation again, in the same browser, and continue within ten minutes.",
    )


def _account_taken(_error: AccountTaken) -> Response:
    return _message(
        409,
        "Nothing is shared",
        "This wearable account is linked to another patient",
        "Two patients cannot share one account. Sign in at the vendor with your own account, "
        "or tell your care team.",
    )


def _vendor_failed(error: VendorError) -> Response:
    log.warning("linking failed", reason=f"{type(error).__name__}: {error}")
    ours = isinstance(error, (LinkBroken, RequestRefused, Unusable))
    return _message(
        400 if ours else 502,
        "Nothing is shared",
        "The wearable's maker did not complete the link",
        "Open the invitation again and retry; if it fails again, tell your care team.",
    )


def _no_such_page(error: HTTPException) -> Response:
    return _message(
        error.code or 500,
        "Nothing is shared",
        "There is no such page",
        "Open the invitation again, exactly as your care team gave it to you.",
    )


def _failed(error: Exception) -> Response:
    """The edge of the process: a patient must not be shown our insides."""
    log.error("link page failed", exc_info=error)
    return _message(
        500,
        "Nothing is shared",
        "Something went wrong here",
        "Open the invitation again and retry; if it fails again, tell your care team.",
    )
