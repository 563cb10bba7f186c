"""Proving to the link pages who a patient is: the EHR's own sign-in, and nothing kept of it."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from app.contexts import Facts
from app.headers import framed_by_nobody
from app.parts import Parts
from app.problems import NOT_FOUND, show
from app.sign_in import sign_in
from safeguards.assertions import Asker, Signer

AUDIENCE = "wristchart-link"
PROVE = "patient.prove"
BY_EHR = "ehr"
ERRAND = re.compile(r"[A-Za-z0-9_-]{20,64}")


def identifying_routes(parts: Parts) -> Blueprint:
    """`/identify/<tenant>`: where the link pages send a patient to sign in at the EHR."""
    routes = Blueprint("identifying", __name__)
    offered = {one.id: one for one in parts.settings.tenants if one.patient_proof == BY_EHR}

    @routes.get("/identify/<identifier>")
    def identify(identifier: str) -> Response:
        framed_by_nobody()
        tenant, errand = offered.get(identifier), request.args.get("errand", "")
        if tenant is None or not ERRAND.fullmatch(errand):
            return show(NOT_FOUND)
        return sign_in(parts, tenant, launch=None, errand=errand)

    return routes


def is_the_patient(facts: Facts) -> bool:
    """Whether the patient, or somebody who may speak for them, signed in: no clinician."""
    if facts.user.startswith("Patient/"):
        return facts.user == f"Patient/{facts.patient}"
    return facts.user.startswith("RelatedPerson/")


def back_to_the_link_pages(parts: Parts, tenant: str, facts: Facts, errand: str) -> Response:
    """Send the browser back with a signed word on who it is, good for a minute and one errand."""
    asker = Asker(
        tenant=tenant,
        issuer=facts.issuer,
        patient=facts.patient,
        user=facts.user,
        user_name=facts.user_name,
        context=errand,
        scopes=frozenset({PROVE}),
    )
    proof = Signer.open(parts.settings.keys).sign(asker, AUDIENCE)
    query = urlencode({"proof": proof})
    url = f"{parts.settings.api.url}/link/identified?{query}"
    return Response(status=303, headers={"Location": url})
