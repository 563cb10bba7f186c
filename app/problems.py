"""What is shown when something cannot be done: what happened, and what to do about it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import structlog
from flask import Response, make_response, render_template

from smart.errors import EhrError, EhrMisconfigured, EhrUnavailable, IdentityRefused

AGAIN = "Close this view and open Wristchart again from the patient's chart."
TELL = "If it happens again, tell your administrator and give the reference below."


@dataclass(frozen=True, slots=True)
class Problem:
    """A page for one thing that can go wrong; `code` is how the log names it."""

    code: str
    status: int
    title: str
    what: str
    advice: tuple[str, ...] = (AGAIN, TELL)


BAD_LAUNCH = Problem(
    "bad_launch",
    400,
    "This address does not start Wristchart",
    "It has to be opened by the EHR, which says which EHR and which chart it is.",
    ("Open Wristchart from the patient's chart.", TELL),
)
UNKNOWN_ISSUER = Problem(
    "unknown_issuer",
    400,
    "This EHR is not registered with Wristchart",
    "Wristchart was opened by a system that it does not know, and has sent nothing to it.",
    ("Ask your administrator to add the EHR to Wristchart's registry.",),
)
UNKNOWN_STATE = Problem(
    "unknown_state",
    400,
    "This sign-in cannot be completed",
    "It was not begun in this browser, was completed before, or took longer than ten minutes.",
)
REFUSED = Problem(
    "refused",
    403,
    "The EHR did not let Wristchart in",
    "The EHR refused the sign-in.",
)
NO_PATIENT = Problem(
    "no_patient",
    400,
    "No patient was chosen",
    "The EHR did not say whose chart this is, so there is nothing Wristchart may show.",
)
WRONG_PATIENT = Problem(
    "wrong_patient",
    403,
    "The patient could not be confirmed",
    "The EHR answered with another patient than the one whose chart was opened.",
)
NOT_THE_PATIENT = Problem(
    "not_the_patient",
    403,
    "Somebody else signed in",
    "To share wearable data, the patient has to sign in, or somebody who may speak for them.",
    ("Open the invitation again and sign in as the patient.",),
)
NOT_IDENTIFIED = Problem(
    "not_identified",
    403,
    "The EHR's word on who you are could not be verified",
    "To protect the chart, Wristchart lets nobody in without proof.",
)
EHR_SILENT = Problem(
    "ehr_unavailable",
    503,
    "The EHR does not answer",
    "Wristchart could not reach the EHR to sign you in.",
    ("Wait a minute, then open Wristchart again from the patient's chart.", TELL),
)
EHR_MISCONFIGURED = Problem(
    "ehr_misconfigured",
    502,
    "The EHR and Wristchart are not set up to work together",
    "The EHR gave an answer that Wristchart cannot use.",
    ("Tell your administrator and give the reference below.",),
)
ENDED = Problem(
    "ended",
    403,
    "This session has ended",
    "It was not used for a while, was signed out, or belongs to another browser.",
)
FORBIDDEN = Problem(
    "forbidden", 403, "This request was refused", "It did not come from Wristchart's own page."
)
NOT_OPERATOR = Problem(
    "not_operator",
    403,
    "This page is for the hospital's operators",
    "You are not signed in, or the hospital's settings do not name you as an operator.",
    (
        "Open Wristchart, then this page again.",
        "Ask your administrator to name you in `operators`.",
    ),
)
BACKEND_AWAY = Problem(
    "backend_away",
    503,
    "The wearable service does not answer",
    "Nothing was changed.",
    ("Try again in a moment.", TELL),
)
NOT_FOUND = Problem("not_found", 404, "There is nothing here", "The address is not one of ours.")
BROKEN = Problem(
    "internal_error",
    500,
    "Something went wrong in Wristchart",
    "Nothing was saved. The error has been recorded.",
)


def problem_for(error: EhrError) -> Problem:
    """The page for what went wrong at the EHR during a sign-in."""
    if isinstance(error, EhrUnavailable):
        return EHR_SILENT
    if isinstance(error, IdentityRefused):
        return NOT_IDENTIFIED
    if isinstance(error, EhrMisconfigured):
        return EHR_MISCONFIGURED
    return REFUSED


def show(problem: Problem, *, detail: str = "", reason: str = "") -> Response:
    """The page. `detail` is shown (escaped); `reason` goes to the log under the same reference."""
    reference = secrets.token_hex(4)
    structlog.get_logger().warning(
        "problem", code=problem.code, reference=reference, reason=reason[:300]
    )
    page = render_template("problem.html", problem=problem, detail=detail, reference=reference)
    return make_response(page, problem.status)
