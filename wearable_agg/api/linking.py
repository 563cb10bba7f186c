"""The pages on which an invited patient says who they are, what they share, and links wearables."""

from __future__ import annotations

import structlog
from flask import Blueprint, Response
from werkzeug.exceptions import HTTPException

from wearable_agg.api.adding import TooManyDevices
from wearable_agg.api.backend import Backend
from wearable_agg.api.enrolment import EnrolmentPages, NotInvited
from wearable_agg.api.own_page import OwnPages
from wearable_agg.api.pages import PATH, Forged, harden, message
from wearable_agg.intake.linking import NothingShared
from wearable_agg.people.accounts import AccountTaken
from wearable_agg.people.invitations import InvitationRefused, TooFast
from wearable_agg.people.round_trips import StateRefused
from wearable_agg.people.sessions import SessionEnded
from wearable_agg.vendors.protocol import LinkBroken, RequestRefused, Unusable, VendorError

_UNSHARED = "Nothing is shared"
log = structlog.get_logger()


def linking_blueprint(backend: Backend) -> Blueprint:
    """Return the pages under /link."""
    routes = Blueprint(
        "linking",
        __name__,
        url_prefix=PATH,
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )
    invited, own = EnrolmentPages(backend), OwnPages(backend)
    routes.get("/<token>")(invited.show)
    routes.post("/<token>/proof")(invited.prove)
    routes.get("/<token>/sign-in")(invited.leave_to_sign_in)
    routes.get("/again/<tenant>")(invited.come_again)
    routes.get("/identified")(invited.identified)
    routes.get("/me", endpoint="me")(own.show)
    routes.post("/me/consent")(own.consent)
    routes.post("/me/device")(own.add_device)
    routes.post("/me/unlink/<int:account_id>")(own.unlink)
    routes.post("/me/sign-out")(own.sign_out)
    routes.get("/me/<vendor>")(own.leave)
    routes.get("/callback/<vendor>")(own.come_back)
    _register_errors(routes)
    routes.after_request(harden)
    return routes


def _register_errors(routes: Blueprint) -> None:
    routes.register_error_handler(InvitationRefused, _invitation_refused)
    routes.register_error_handler(TooFast, _too_fast)
    routes.register_error_handler(NotInvited, _not_invited)
    routes.register_error_handler(SessionEnded, _session_ended)
    routes.register_error_handler(Forged, _forged)
    routes.register_error_handler(StateRefused, _state_refused)
    routes.register_error_handler(NothingShared, _nothing_shared)
    routes.register_error_handler(TooManyDevices, _too_many_devices)
    routes.register_error_handler(AccountTaken, _account_taken)
    routes.register_error_handler(VendorError, _vendor_failed)
    routes.register_error_handler(HTTPException, _no_such_page)
    routes.register_error_handler(Exception, _failed)


def _invitation_refused(_error: InvitationRefused) -> Response:
    return message(
        410,
        "Not valid any more",
        "This invitation has been used, has expired or was locked",
        "Ask your care team for a new one: it takes them a moment.",
    )


def _too_fast(_error: TooFast) -> Response:
    answer = message(
        429, _UNSHARED, "That was too fast", "Go back, wait a few seconds, then try again."
    )
    answer.headers["Retry-After"] = "2"
    return answer


def _not_invited(_error: NotInvited) -> Response:
    return message(
        403,
        _UNSHARED,
        "This invitation is for somebody else",
        "The hospital says that another person signed in. Sign in as the person who was invited, "
        "or ask your care team for an invitation of your own.",
    )


def _session_ended(_error: SessionEnded) -> Response:
    return message(
        403,
        "Signed out",
        "Please say again who you are",
        "For your protection this page closes after an hour. Open your invitation again, or ask "
        "your care team for a new one. What you share stays as you chose.",
    )


def _forged(error: Forged) -> Response:
    log.warning("form of another page", origin=str(error))
    return message(
        403, "Nothing was changed", "This did not come from your own page", "Open it again."
    )


def _state_refused(error: StateRefused) -> Response:
    log.warning("link state refused", destination=str(error))
    return message(
        400,
        _UNSHARED,
        "This answer does not belong to a page you opened here",
        "Open the invitation again, in the same browser, and continue within ten minutes.",
    )


def _nothing_shared(_error: NothingShared) -> Response:
    return message(
        400,
        _UNSHARED,
        "First choose what to share",
        "Go back and tick what your care team may see; then link your wearable.",
    )


def _too_many_devices(_error: TooManyDevices) -> Response:
    return message(
        409,
        "Nothing was changed",
        "So many apps are linked already",
        "Go back and unlink one that you do not use any more.",
    )


def _account_taken(_error: AccountTaken) -> Response:
    return message(
        409,
        _UNSHARED,
        "This wearable account is linked to another patient",
        "Two patients cannot share one account, and your care team has been told. "
        "Sign in at the vendor with your own account.",
    )


def _vendor_failed(error: VendorError) -> Response:
    log.warning("linking failed", reason=f"{type(error).__name__}: {error}")
    ours = isinstance(error, (LinkBroken, RequestRefused, Unusable))
    return message(
        400 if ours else 502,
        _UNSHARED,
        "The wearable's maker did not complete the link",
        "Go back and retry; if it fails again, tell your care team.",
    )


def _no_such_page(error: HTTPException) -> Response:
    return message(
        error.code or 500,
        _UNSHARED,
        "There is no such page",
        "Open the invitation again, exactly as your care team gave it to you.",
    )


def _failed(error: Exception) -> Response:
    """The edge of the process: a patient must not be shown our insides."""
    log.error("link page failed", exc_info=error)
    return message(
        500,
        _UNSHARED,
        "Something went wrong here",
        "Open the invitation again and retry; if it fails again, tell your care team.",
    )
