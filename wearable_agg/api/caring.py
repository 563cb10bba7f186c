"""Routes about what the patient allows, and about inviting them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import segno
from pydantic import Field

from wearable_agg.api.asking import audited
from wearable_agg.api.problems import NOT_FOUND, Problem, bad_request
from wearable_agg.api.routes import (
    CHART_READ,
    CONSENT_REVOKE,
    PEOPLE_INVITE,
    Call,
    Nothing,
    Parameter,
    Route,
)
from wearable_agg.client import care
from wearable_agg.delivery.validation import check
from wearable_agg.intake.withdrawal import withdraw
from wearable_agg.people.consents import consents_of, permitted_topics
from wearable_agg.people.fhir_consent import consent_resource
from wearable_agg.people.invitations import invite
from wearable_agg.people.registry import EhrPatient
from wearable_agg.people.sessions import BY_BIRTH_DATE
from wearable_agg.people.topics import every_topic, known_topics
from wearable_agg.people.work_items import UnknownItem, items_of, settle_item

ITEM_ID = Parameter(
    "item_id", "The item's `id`.", {"type": "string", "maxLength": 64}, where="path"
)
FHIR = "application/fhir+json"


@dataclass(frozen=True, slots=True)
class Inviting:
    """`birth_date` is needed where the hospital proves patients by date of birth and code."""

    birth_date: date | None = None


@dataclass(frozen=True, slots=True)
class Withdrawing:
    """The topics withdrawn; without them, all."""

    topics: Annotated[list[str], Field(max_length=100)] | None = None


def invite_patient(call: Call) -> dict[str, Any]:
    """Make an invitation, good for half an hour and once, with which the patient can enrol."""
    asker, settings = call.asker, call.backend.settings
    by_birth_date = settings.tenant(asker.tenant).patient_proof == BY_BIRTH_DATE
    if by_birth_date and call.body.birth_date is None:
        raise bad_request("birth_date: this hospital knows patients by date of birth and code.")
    made = invite(
        call.connection,
        asker.tenant,
        call.person(),
        asker.user,
        asker.user_name,
        call.body.birth_date if by_birth_date else None,
    )
    audited(call.connection, asker, "invitation.made", {"expires_at": str(made.expires_at)})
    url = f"{settings.api.url}/link/{made.token}"
    return {
        "url": url,
        "qr": qr(url),
        "code": made.code,
        "expires_at": made.expires_at.isoformat(),
    }


def qr(url: str) -> str:
    """Return the address as a QR code: an SVG that scales, dark on white in every theme."""
    image: str = segno.make(url, error="m").svg_inline(scale=4, light="#fff", omitsize=True)
    return image.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)


def consent(call: Call) -> dict[str, Any]:
    """Give what the patient allows as a FHIR R4 Consent: one provision for each type of data."""
    said = consents_of(call.connection, call.person_id)
    if not said:
        raise Problem(NOT_FOUND, "The patient has not said what they allow: nothing is allowed.")
    asker = call.asker
    patient = EhrPatient(asker.tenant, asker.issuer, asker.patient)
    resource = consent_resource(patient, call.backend.settings.tenant(asker.tenant).name, said)
    check(resource)
    return resource


def withdraw_consent(call: Call) -> dict[str, Any]:
    """Record that the patient withdraws consent.

    Within a second nothing more is taken in, shown or sent; where nothing is allowed any more,
    every link is ended and revoked at its vendor.
    """
    everything = {topic.name for topic in every_topic()}
    wanted = everything if call.body.topics is None else set(call.body.topics)
    unknown = wanted - known_topics(wanted)
    if unknown:
        raise bad_request(f"topics: {', '.join(sorted(unknown))} is no topic.")
    withdraw(call.connection, call.asker.tenant, call.person(), wanted, call.asker.user)
    return {"topics": sorted(permitted_topics(call.connection, call.person()))}


def work_items(call: Call) -> dict[str, Any]:
    """Give what only the care team can settle, the oldest first."""
    sites = call.backend.sites
    return {
        "items": [
            {
                "id": one.id,
                "kind": one.kind,
                "subject": one.subject,
                "name": sites[one.subject].vendor.name if one.subject in sites else one.subject,
                "created_at": one.created_at.isoformat(),
            }
            for one in items_of(call.connection, call.person_id)
        ]
    }


def settle(call: Call) -> dict[str, Any]:
    """Say that an item is settled; gives what remains open."""
    item, asker = call.values["item_id"], call.asker
    try:
        settle_item(call.connection, call.person_id, item, asker.user, asker.user_name)
    except UnknownItem as error:
        raise Problem(NOT_FOUND, "This patient has no such open item.") from error
    audited(call.connection, asker, "work-item.settled", {"item": item})
    return work_items(call)


CARING = (
    Route(
        "GET",
        "/patient/consent",
        "consent",
        "What the patient allows",
        CHART_READ,
        consent,
        dict[str, Any],
        problems=(NOT_FOUND,),
        recorded="consent",
        media_type=FHIR,
    ),
    Route(
        "POST",
        "/patient/consent/withdrawal",
        "withdrawConsent",
        "Withdraw consent",
        CONSENT_REVOKE,
        withdraw_consent,
        care.Sharing,
        body=Withdrawing,
    ),
    Route(
        "POST",
        "/patient/invitations",
        "invite",
        "Invite the patient",
        PEOPLE_INVITE,
        invite_patient,
        care.Invitation,
        body=Inviting,
        status=201,
    ),
    Route(
        "GET",
        "/patient/work-items",
        "workItems",
        "What the care team has to settle",
        CHART_READ,
        work_items,
        care.WorkItems,
        tagged=True,
        recorded="work-items",
    ),
    Route(
        "POST",
        "/patient/work-items/{item_id}/settlement",
        "settleWorkItem",
        "Settle an item",
        PEOPLE_INVITE,
        settle,
        care.WorkItems,
        parameters=(ITEM_ID,),
        body=Nothing,
        problems=(NOT_FOUND,),
    ),
)
