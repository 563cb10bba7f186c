"""The patient's own page: what is shared, with whom and why, and which wearables are linked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import structlog
from flask import Response, abort, make_response, redirect, render_template, request
from sqlalchemy import Connection

from safeguards.audit import record
from wearable_agg.api import pages
from wearable_agg.api.adding import LONGEST_NAME, add_device
from wearable_agg.api.backend import Backend
from wearable_agg.api.pushing import PUSHES
from wearable_agg.api.routes import PREFIX
from wearable_agg.intake.linking import Linker, NothingShared
from wearable_agg.intake.sites import VendorSite
from wearable_agg.intake.withdrawal import unlink, withdraw
from wearable_agg.people import consents
from wearable_agg.people.accounts import UNLINKED, accounts_of
from wearable_agg.people.registry import timezone_of
from wearable_agg.people.round_trips import Traveller, begin_round_trip, end_round_trip
from wearable_agg.people.sessions import PatientSession, end_session, find_session
from wearable_agg.people.topics import every_topic, known_topics, wording
from wearable_agg.store.database import writing

OWN_PAGE = "/link/me"
DURATIONS = {"": "until I end it", "90": "for 90 days", "365": "for one year"}
EVERYTHING, NOTHING = "everything", "nothing"

log = structlog.get_logger()


class OwnPages:
    """Served to a browser with a live patient session only; otherwise SessionEnded."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._linker = Linker(backend.engine, backend.vault, backend.settings.backfill_days)

    def show(self) -> Response:
        """Show what is shared and what is linked, with every way to change it."""
        with self._backend.engine.connect() as connection:
            session = find_session(connection, pages.cookie())
            said = {one.topic: one for one in consents.consents_of(connection, session.person_id)}
            linked = accounts_of(connection, session.person_id)
            zone = timezone_of(connection, session.person_id)
        sharing = {name for name, one in said.items() if one.in_force}
        active = [one for one in linked if one.status != UNLINKED]
        wish = request.args.get("vendor", "")
        vendors = [site.vendor for site in self._backend.sites.values()]
        page = render_template(
            "link_me.html",
            hospital=self._hospital(session),
            inviter=session.invited_by_name,
            topics=every_topic(),
            sharing=sharing,
            until={name: one.until for name, one in said.items() if one.in_force},
            zone=zone,
            durations=DURATIONS,
            accounts=active,
            name_of=self._backend.vendor_name,
            longest_name=LONGEST_NAME,
            vendors=sorted(vendors, key=lambda vendor: vendor.id != wish),
            linked={one.vendor for one in active if one.status == "active"},
            backfill_days=self._backend.settings.backfill_days,
            form_key=pages.form_key(),
            saved=request.args.get("saved", ""),
        )
        return make_response(page)

    def consent(self) -> Response:
        """Take the ticks: what is ticked is agreed to, what is not is withdrawn."""
        pages.demand_own_form(self._backend.settings)
        until = _until(request.form.get("until", ""))
        with writing(self._backend.engine) as connection:
            session = find_session(connection, pages.cookie())
            agreed = _ticked()
            everything = {topic.name for topic in every_topic()}
            actor = f"person/{session.person_id}"
            withdraw(connection, session.tenant, session.person_id, everything - agreed, actor)
            if agreed:
                self._record(connection, session, agreed, until)
        return _back("consent")

    def add_device(self) -> Response:
        """Link a companion app of the patient's phone and show its token, once."""
        pages.demand_own_form(self._backend.settings)
        device = request.form.get("device", "").strip()
        if not 0 < len(device) <= LONGEST_NAME or not device.isprintable():
            abort(400)
        with writing(self._backend.engine) as connection:
            session = find_session(connection, pages.cookie())
            token = add_device(connection, self._backend, session, device)
        page = render_template(
            "link_device.html",
            hospital=self._hospital(session),
            device=device,
            token=token,
            url=f"{self._backend.settings.api.url}{PREFIX}{PUSHES}",
        )
        return make_response(page)

    def unlink(self, account_id: int) -> Response:
        """End the link of one of the patient's wearables."""
        pages.demand_own_form(self._backend.settings)
        with writing(self._backend.engine) as connection:
            session = find_session(connection, pages.cookie())
            mine = {one.id: one for one in accounts_of(connection, session.person_id)}
            account = mine.get(account_id) or abort(404)
            if account.status != UNLINKED:
                unlink(connection, account, f"person/{session.person_id}")
        return _back("unlinked")

    def sign_out(self) -> Response:
        """End the session in this browser."""
        pages.demand_own_form(self._backend.settings)
        with writing(self._backend.engine) as connection:
            end_session(connection, find_session(connection, pages.cookie()))
        answer = pages.message(
            200,
            "Signed out",
            "You can close this page",
            "What you share stays as you chose. Your care team can invite you here again.",
        )
        answer.delete_cookie(pages.COOKIE, path=pages.PATH)
        return answer

    def leave(self, vendor: str) -> Response:
        """Send the browser to the vendor's own consent page."""
        site = self._site(vendor)
        with writing(self._backend.engine) as connection:
            session = find_session(connection, pages.cookie())
            if not consents.permitted_topics(connection, session.person_id):
                raise NothingShared
            traveller = Traveller(session.tenant, person_id=session.person_id)
            state = begin_round_trip(connection, traveller, vendor, pages.cookie())
        return make_response(redirect(site.vendor.authorize_url(site.app, state), 303))

    def come_back(self, vendor: str) -> Response:
        """Take the vendor's answer, from the browser that left, once."""
        site = self._site(vendor)
        state = request.args.get("state", "")
        with writing(self._backend.engine) as connection:
            end_round_trip(connection, vendor, state, pages.cookie())
        with self._backend.engine.connect() as connection:
            session = find_session(connection, pages.cookie())
        code = request.args.get("code")
        if not code:
            return _back("declined")
        self._linker.link(session, site, code)
        return _back("linked")

    def _record(
        self,
        connection: Connection,
        session: PatientSession,
        agreed: frozenset[str],
        until: datetime | None,
    ) -> None:
        words = wording(self._hospital(session), agreed, until)
        consents.record(connection, session.tenant, session.person_id, agreed, words, until)
        record(
            connection,
            tenant=session.tenant,
            actor=f"person/{session.person_id}",
            action="consent.given",
            entity=f"person/{session.person_id}",
            detail={
                "topics": sorted(agreed),
                "wording": words,
                "until": until and until.isoformat(),
                "proof": session.proof,
            },
        )

    def _site(self, vendor: str) -> VendorSite:
        return self._backend.sites.get(vendor) or abort(404)

    def _hospital(self, session: PatientSession) -> str:
        return self._backend.settings.tenant(session.tenant).name


def _ticked() -> frozenset[str]:
    choice = request.form.get("choice", "")
    if choice == EVERYTHING:
        return frozenset(topic.name for topic in every_topic())
    return frozenset() if choice == NOTHING else known_topics(request.form.getlist("topic"))


def _until(duration: str) -> datetime | None:
    if duration not in DURATIONS:
        abort(400)
    return datetime.now(UTC) + timedelta(days=int(duration)) if duration else None


def _back(saved: str) -> Response:
    return make_response(redirect(f"{OWN_PAGE}?saved={saved}", 303))
