"""The way back from the EHR's sign-in: everything is checked before anybody is let in."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Blueprint, Response, request

from app.access import held
from app.contexts import Facts, LaunchContext
from app.cookies import drop_cookie, session_cookie, set_session
from app.frame_page import again_with_cookies
from app.headers import framed_by
from app.identifying import back_to_the_link_pages, is_the_patient
from app.parts import Parts
from app.pending import PendingLaunch, browser_cookie
from app.problems import (
    NO_PATIENT,
    NOT_THE_PATIENT,
    REFUSED,
    UNKNOWN_STATE,
    WRONG_PATIENT,
    Problem,
    problem_for,
    show,
)
from app.sessions import Session
from config.settings import Tenant
from smart.ehr import Ehr
from smart.errors import EhrError, EhrMisconfigured, IdentityRefused, NotFound, NotPermitted
from smart.fhir import FhirReader
from smart.identity import Identity, verify_id_token
from smart.scopes import withheld
from smart.token_endpoint import exchange_code, revoke_all
from smart.token_response import Tokens
from smart.user import user_name

NAMES = ("state", "code", "error", "error_description", "iss")
LONGEST = 8_192
SEVERAL_ISSUERS = "the answer comes from another authorization server"


class Refusal(Exception):
    """The sign-in ends here, with this page."""

    def __init__(self, problem: Problem, *, detail: str = "", reason: str = "") -> None:
        super().__init__(problem.code)
        self.problem, self.detail, self.reason = problem, detail, reason


def callback_routes(parts: Parts) -> Blueprint:
    """`/callback`, and `/callback/<tenant>` for tenants registered with one of their own."""
    routes = Blueprint("callback", __name__)

    @routes.get("/callback")
    @routes.get("/callback/<own>")
    def finish(own: str = "") -> Response:
        state = request.args.get("state", "")
        page = again_with_cookies(parts)
        if page is not None:
            return page
        try:
            response = _finish(parts)
        except Refusal as refusal:
            response = show(refusal.problem, detail=refusal.detail, reason=refusal.reason)
        except EhrError as error:
            response = show(problem_for(error), reason=str(error))
        drop_cookie(response, browser_cookie(state))
        return response

    return routes


def _finish(parts: Parts) -> Response:
    given = _parameters()
    pending = _pending(parts, given)
    tenant = parts.settings.tenant(pending.tenant)
    framed_by(tenant)
    _check_address(parts, tenant)
    if given["error"]:
        _refused(parts, pending.tenant, given)
    ehr = parts.ehrs[tenant.id]
    _check_sender(ehr, given["iss"])
    tokens = exchange_code(
        ehr, given["code"], verifier=pending.verifier, redirect_uri=parts.redirect_uri(tenant)
    )
    launched = _establish(ehr, tokens, pending.nonce)
    if pending.errand:
        return _identified(parts, ehr, tokens, launched, pending)
    session = parts.sessions.sign_in(session_cookie(request), tenant.id, launched.user)
    context = parts.contexts.create(
        session.id, tenant.id, launched, held(tokens, parts.store.now())
    )
    _audit(parts, context, withheld(tenant.scopes, tokens.scopes))
    return _into_the_app(context, session)


def _identified(
    parts: Parts, ehr: Ehr, tokens: Tokens, facts: Facts, pending: PendingLaunch
) -> Response:
    """Give the EHR its tokens back, and the link pages our word on which patient signed in."""
    revoke_all(ehr, tokens.access, tokens.refresh)
    entity = f"Patient/{facts.patient}"
    if not is_the_patient(facts):
        parts.audit(pending.tenant, facts.user, "identity.refused", entity)
        raise Refusal(NOT_THE_PATIENT, reason="somebody else than the patient signed in")
    parts.audit(pending.tenant, facts.user, "identity.proved", entity)
    return back_to_the_link_pages(parts, pending.tenant, facts, pending.errand)


def _parameters() -> dict[str, str]:
    """Every parameter at most once; a code or an error, and a state."""
    values = {name: request.args.getlist(name) for name in NAMES}
    if any(len(value) > 1 or len("".join(value)) > LONGEST for value in values.values()):
        raise Refusal(UNKNOWN_STATE, reason="a parameter stands twice or is too long")
    given = {name: "".join(value) for name, value in values.items()}
    if given["error"] and not given["state"]:
        raise Refusal(REFUSED, reason=f"error without state: {given['error'][:60]}")
    if not given["state"] or not (given["code"] or given["error"]):
        raise Refusal(UNKNOWN_STATE, reason="state or code is missing")
    return given


def _pending(parts: Parts, given: dict[str, str]) -> PendingLaunch:
    browser = request.cookies.get(browser_cookie(given["state"]), "")
    pending = parts.pending.take(given["state"], browser)
    if pending is None:
        parts.audit("", "", "launch.refused", "state")
        raise Refusal(UNKNOWN_STATE, reason="no such launch in this browser")
    return pending


def _refused(parts: Parts, tenant: str, given: dict[str, str]) -> None:
    parts.audit(tenant, "", "launch.refused", "ehr", error=given["error"][:60])
    words = given["error_description"] or given["error"]
    raise Refusal(REFUSED, detail=f"The EHR says: {words[:300]}", reason=given["error"])


def _check_address(parts: Parts, tenant: Tenant) -> None:
    """An answer at another EHR's callback is another EHR's, whatever its state says."""
    if request.path != urlsplit(parts.redirect_uri(tenant)).path:
        raise Refusal(UNKNOWN_STATE, reason=SEVERAL_ISSUERS)


def _check_sender(ehr: Ehr, sender: str) -> None:
    """RFC 9207: an answer that names its issuer has to name the one that was asked."""
    configuration = ehr.configuration()
    expected = configuration.identity_issuer
    if (sender or configuration.names_itself) and expected and sender != expected:
        raise Refusal(UNKNOWN_STATE, reason=SEVERAL_ISSUERS)


def _establish(ehr: Ehr, tokens: Tokens, nonce: str) -> Facts:
    """Who signed in, and that the patient the EHR hands out is the one it launched."""
    if not tokens.patient:
        raise Refusal(NO_PATIENT, reason="no patient in the token response")
    identity = _identity(ehr, tokens, nonce)
    reader = FhirReader(ehr.base, ehr.egress, _Fresh(tokens.access))
    _read_patient_back(reader, tokens.patient)
    return Facts(
        issuer=ehr.base,
        patient=tokens.patient,
        encounter=tokens.encounter,
        user=identity.fhir_user or identity.subject,
        user_name=identity.name or user_name(reader, identity.fhir_user, tokens.scopes),
        need_patient_banner=tokens.need_patient_banner,
        intent=tokens.intent[:60],
        subject=identity.subject,
        fhir_context=tokens.fhir_context,
        style_url=tokens.style_url,
        ehr_tenant=tokens.tenant[:200],
    )


def _identity(ehr: Ehr, tokens: Tokens, nonce: str) -> Identity:
    if tokens.id_token:
        return verify_id_token(ehr, tokens.id_token, nonce, access_token=tokens.access)
    if "openid" in ehr.tenant.scopes:
        raise IdentityRefused("the EHR sent no id_token")
    return Identity("", "", "")


def _read_patient_back(reader: FhirReader, patient: str) -> None:
    try:
        reader.read("Patient", patient)
    except (NotFound, NotPermitted, EhrMisconfigured) as error:
        raise Refusal(WRONG_PATIENT, reason=str(error)) from error


def _audit(parts: Parts, context: LaunchContext, missing: tuple[str, ...]) -> None:
    """Who opened whose chart, and what of it the EHR keeps from the app."""
    facts = context.facts
    detail = {"withheld": " ".join(missing)} if missing else {}
    entity = f"Patient/{facts.patient}"
    parts.audit(context.tenant, facts.user, "launch", entity, context=context.id, **detail)


def _into_the_app(context: LaunchContext, session: Session) -> Response:
    response = Response(status=303, headers={"Location": f"/c/{context.id}/"})
    if session.cookie is not None:
        set_session(response, session.cookie)
    return response


@dataclass(frozen=True, slots=True)
class _Fresh:
    """A token that has just been handed out and is not yet kept."""

    access: str

    def token(self) -> str:
        return self.access

    def renewed(self, refused: str) -> str:
        raise NotPermitted("the EHR refuses the token it has just issued")
