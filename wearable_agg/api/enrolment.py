"""The invitation's pages: who asks and why, and the proof of who is there."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlencode

from flask import Response, abort, make_response, redirect, render_template, request
from sqlalchemy import Connection

from safeguards.assertions import Asker, NotAuthentic
from safeguards.audit import record
from wearable_agg.api import pages
from wearable_agg.api.backend import Backend
from wearable_agg.people.hashes import TOKEN_BYTES
from wearable_agg.people.invitations import (
    Invitation,
    WrongProof,
    check_proof,
    count_try,
    invitation_called,
    known_invitation,
    open_invitation,
    use_up,
)
from wearable_agg.people.registry import person_for, timezone_of
from wearable_agg.people.round_trips import (
    STATE_LIFE,
    StateRefused,
    Traveller,
    begin_round_trip,
    end_round_trip,
)
from wearable_agg.people.sessions import BY_BIRTH_DATE, BY_EHR, SESSION_LIFE, begin_session
from wearable_agg.people.topics import every_topic
from wearable_agg.store.database import writing

AUDIENCE = "wristchart-link"
PROVE = "patient.prove"
OWN_PAGE = "/link/me"
_AT_THE_EHR = "@ehr"


class NotInvited(Exception):
    """Whoever signed in is not the invited person, or nobody has invited them."""


class EnrolmentPages:
    """From the invitation's link to the patient's own page."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def show(self, token: str) -> Response:
        """Say who asks for what and why, and ask who is there."""
        return self._page(token)

    def prove(self, token: str) -> Response:
        """Take the date of birth and the code; a wrong one may be mended four times."""
        pages.demand_own_origin(self._backend.settings)
        with writing(self._backend.engine) as connection:
            count_try(connection, token)
        try:
            with writing(self._backend.engine) as connection:
                birth_date, code = (request.form.get(x, "") for x in ("birth_date", "code"))
                invitation = check_proof(connection, token, birth_date, code)
                secret = self._begin(connection, invitation, BY_BIRTH_DATE)
        except WrongProof as wrong:
            self._note_wrong(token, wrong)
            return self._page(token, wrong=wrong.left, status=403)
        return self._let_in(secret, self._wish())

    def leave_to_sign_in(self, token: str) -> Response:
        """Send the browser to the hospital's sign-in, to come back as the invited person."""
        with self._backend.engine.connect() as connection:
            invitation = open_invitation(connection, token)
        return self._leave(Traveller(invitation.tenant, invitation.token_hash))

    def come_again(self, tenant: str) -> Response:
        """Send somebody who was enrolled before to the hospital's sign-in."""
        return self._leave(Traveller(tenant))

    def identified(self) -> Response:
        """Take the hospital's word on who signed in, from the browser that left, once."""
        asker = self._signed_in()
        with writing(self._backend.engine) as connection:
            traveller = end_round_trip(connection, _AT_THE_EHR, asker.context, pages.cookie())
            secret = self._admit(connection, traveller, asker)
        if secret is None:
            self._note_stranger(traveller, asker)
            raise NotInvited
        return self._let_in(secret)

    def _page(self, token: str, wrong: int | None = None, status: int = 200) -> Response:
        with self._backend.engine.connect() as connection:
            invitation = open_invitation(connection, token)
            zone = timezone_of(connection, invitation.person_id)
        page = render_template(
            "link_invitation.html",
            hospital=self._backend.settings.tenant(invitation.tenant).name,
            inviter=invitation.invited_by_name,
            topics=every_topic(),
            by_birth_date=invitation.by_birth_date,
            wrong=wrong,
            link=f"{pages.PATH}/{token}",
            wish=self._wish(),
            expires_at=f"{invitation.expires_at.astimezone(zone):%H:%M}",
        )
        return make_response(page, status)

    def _leave(self, traveller: Traveller) -> Response:
        tenant = next(
            (one for one in self._backend.settings.tenants if one.id == traveller.tenant), None
        )
        if tenant is None or tenant.patient_proof != BY_EHR:
            abort(404)
        browser = secrets.token_urlsafe(TOKEN_BYTES)
        with writing(self._backend.engine) as connection:
            state = begin_round_trip(connection, traveller, _AT_THE_EHR, browser)
        query = urlencode({"errand": state})
        url = f"{self._backend.settings.web.url}/identify/{tenant.id}?{query}"
        answer = make_response(redirect(url, 303))
        return pages.remember(answer, self._backend.settings, browser, STATE_LIFE.total_seconds())

    def _signed_in(self) -> Asker:
        try:
            asker = self._backend.verifier.verify(request.args.get("proof", ""), AUDIENCE)
        except NotAuthentic as error:
            raise StateRefused(_AT_THE_EHR) from error
        tenant = self._backend.settings.tenant_for_issuer(asker.issuer)
        if PROVE not in asker.scopes or tenant is None or tenant.id != asker.tenant:
            raise StateRefused(_AT_THE_EHR)
        return asker

    def _admit(self, connection: Connection, traveller: Traveller, asker: Asker) -> str | None:
        """Begin a session where the person who signed in is the one expected."""
        person_id = person_for(connection, asker.tenant, asker.issuer, asker.patient)
        if person_id is None or asker.tenant != traveller.tenant:
            return None
        if traveller.invitation_hash is None:
            return begin_session(connection, asker.tenant, person_id, BY_EHR)
        invitation = invitation_called(connection, traveller.invitation_hash)
        if invitation.person_id != person_id:
            return None
        use_up(connection, invitation)
        return self._begin(connection, invitation, BY_EHR)

    def _begin(self, connection: Connection, invitation: Invitation, proof: str) -> str:
        self._audit(connection, invitation, "invitation.used", {"proof": proof})
        return begin_session(
            connection,
            invitation.tenant,
            invitation.person_id,
            proof,
            invitation.invited_by,
            invitation.invited_by_name,
        )

    def _wish(self) -> str:
        """Return the query that names the wearable the care team thinks of, "" without one."""
        vendor = request.args.get("vendor", "")
        return f"?vendor={vendor}" if vendor in self._backend.sites else ""

    def _let_in(self, secret: str, wish: str = "") -> Response:
        answer = make_response(redirect(f"{OWN_PAGE}{wish}", 303))
        return pages.remember(answer, self._backend.settings, secret, SESSION_LIFE.total_seconds())

    def _note_wrong(self, token: str, wrong: WrongProof) -> None:
        with writing(self._backend.engine) as connection:
            invitation = known_invitation(connection, token)
            self._audit(connection, invitation, "invitation.wrong-proof", {"left": wrong.left})

    def _note_stranger(self, traveller: Traveller, asker: Asker) -> None:
        with writing(self._backend.engine) as connection:
            record(
                connection,
                tenant=traveller.tenant,
                actor=asker.user,
                action="invitation.stranger",
                entity=f"Patient/{asker.patient}",
                detail={"issuer": asker.issuer},
            )

    def _audit(
        self,
        connection: Connection,
        invitation: Invitation,
        action: str,
        detail: dict[str, Any],
    ) -> None:
        record(
            connection,
            tenant=invitation.tenant,
            actor=f"person/{invitation.person_id}",
            action=action,
            entity=f"person/{invitation.person_id}",
            detail={"invited_by": invitation.invited_by, **detail},
        )
