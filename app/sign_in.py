"""The way to the EHR's sign-in, for a launch from its chart and for one from our start page."""

from __future__ import annotations

from flask import Response, make_response, render_template, request

from app.cookies import session_cookie, set_cookie, set_session
from app.headers import form_to, framed_by
from app.parts import Parts
from app.pending import LIFETIME, browser_cookie
from app.problems import problem_for, show
from app.store import SECOND, new_secret
from config.settings import Tenant
from safeguards.egress import origin_of
from smart.authorization import AuthorizationRequest, authorization_request, new_attempt
from smart.errors import EhrError

IDENTITY_SCOPES = ("openid", "fhirUser", "launch/patient", "patient/Patient.rs")
"""All that is asked of a patient who only proves who they are."""


def sign_in(parts: Parts, tenant: Tenant, launch: str | None, errand: str = "") -> Response:
    """Send the browser to the tenant's EHR; `launch` is None where it has to pick the patient.

    With an `errand` of the link pages only who signs in is asked for, and no chart is opened.
    """
    framed_by(tenant)
    try:
        return _to_the_ehr(parts, tenant, launch, errand)
    except EhrError as error:
        return show(problem_for(error), reason=str(error))


def _to_the_ehr(parts: Parts, tenant: Tenant, launch: str | None, errand: str) -> Response:
    attempt, browser = new_attempt(), new_secret()
    asked = authorization_request(
        parts.ehrs[tenant.id],
        attempt,
        redirect_uri=parts.redirect_uri(tenant),
        launch=launch,
        wanted=IDENTITY_SCOPES if errand else None,
    )
    parts.pending.keep(tenant.id, attempt, browser, errand)
    response = _form(asked, tenant) if asked.by_post else _redirect(asked)
    set_cookie(response, browser_cookie(attempt.state), browser, seconds=LIFETIME // SECOND)
    session = parts.sessions.begin(session_cookie(request))
    if session.cookie is not None:
        set_session(response, session.cookie)
    return response


def _redirect(asked: AuthorizationRequest) -> Response:
    return Response(status=302, headers={"Location": asked.url})


def _form(asked: AuthorizationRequest, tenant: Tenant) -> Response:
    """A page that sends the request as a form: by itself, or by its button without JavaScript.

    Browsers apply form-action to the redirects that follow too, so it names every origin that
    the EHR's sign-in may use.
    """
    form_to([origin_of(asked.endpoint), *map(origin_of, tenant.endpoint_origins)])
    page = render_template("authorize.html", asked=asked, hospital=tenant.name)
    return make_response(page)
