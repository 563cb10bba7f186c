"""A whole site in one folder, driven step by step: wearables, keys, delivery, an EHR on paper."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, RowMapping, select

from app.sealed_columns import IN_WEARABLES, seal_anew
from clinical.findings import Decision, FindingState, allowed
from safeguards.assertions import Asker
from safeguards.vault import Vault
from smart.keys import ClientKeys
from tests.support.backend import Band, measured, written
from tests.support.paper_chart import PaperChart
from wearable_agg.delivery.abilities import ABLE, Personality
from wearable_agg.delivery.decisions import Said, decide
from wearable_agg.delivery.fence import raise_fence
from wearable_agg.delivery.identity import Identity
from wearable_agg.delivery.letters import letters, replay
from wearable_agg.delivery.reconciler import Reconciler
from wearable_agg.delivery.states import Policy
from wearable_agg.delivery.worker import Delivery, Destination
from wearable_agg.intake import inbox
from wearable_agg.intake.day_totals import DayTotals
from wearable_agg.intake.processing import Worker
from wearable_agg.people import accounts
from wearable_agg.people.consents import RHYTHM, record, revoke
from wearable_agg.people.registry import person_for
from wearable_agg.store.all_tables import metadata
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.findings_tables import findings
from wearable_agg.store.intake_tables import inbox as inbox_table
from wearable_agg.store.outbox_tables import outbox
from wearable_agg.vendors.protocol import Profile, Tokens

ISSUER = "https://ehr.example/fhir"
KEY = ("sandbox", ISSUER)
TOPICS = (RHYTHM, "steps")


class WholeSite:
    """Its parts share a store and a folder of keys; `route` is how its EHR takes findings."""

    def __init__(self, place: Path, patients: Iterable[str], route: str) -> None:
        self.store: Engine = open_database(place / "wearables.db")
        metadata.create_all(self.store)
        self.keys, self.mark = place / "keys", place / "delivery.mark"
        self.now, self.route = datetime.now(UTC), route
        self.chart = PaperChart()
        if route != "Flag":
            self.chart.personality = Personality(
                dict.fromkeys((route, "Device", "Provenance"), ABLE)
            )
        self.signing = ClientKeys.open(self.keys)
        self.named_by = Identity.open(self.keys).fingerprint
        self._requests = itertools.count()
        self._vault = Vault.open(self.keys)
        self.people, self._accounts = {}, {}
        for patient in patients:
            self.people[patient], self._accounts[patient] = self._enrol(patient)
        self.begin()

    def begin(self, *, restored: bool = False) -> None:
        """Delivery begins; the process before it may have been killed."""
        identity = Identity.open(self.keys)
        fence, _ = raise_fence(self.store, self.mark, identity, self.now, restored=restored)
        charts = {KEY: Destination(self.chart, Policy())}
        self.delivery = Delivery(
            self.store, charts, identity, "host", clock=lambda: self.now, fence=fence
        )
        self.reconciler = Reconciler(self.store, charts, identity, clock=lambda: self.now)
        self.delivery.recover(restarted=True)

    def agree(self, patient: str) -> None:
        """The person allows all of it."""
        with writing(self.store) as connection:
            record(connection, "sandbox", self.people[patient], TOPICS, "I agree")

    def withdraw(self, patient: str) -> None:
        """The person allows none of it any more."""
        with writing(self.store) as connection:
            revoke(connection, self.people[patient], TOPICS)

    def wear(self, patient: str, days_ago: int, steps: int) -> None:
        """A page with a day's steps arrives; it lies sealed in the inbox."""
        day = datetime.now(UTC).date() - timedelta(days=days_ago)
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        total = measured(value=steps, kind="steps", start=start, end=start + timedelta(days=1))
        with writing(self.store) as connection:
            inbox.keep(
                connection,
                self._vault,
                tenant="sandbox",
                vendor="band",
                account_id=self._accounts[patient],
                kind="beats",
                raw=written([total]),
            )

    def work(self) -> None:
        """The worker, which opened the vault when it began, works the inbox off."""
        worker = Worker(self.store, self._vault, {"band": Band()}, DayTotals({"sandbox": 14}))
        while worker.step():
            pass

    def rotate_data_keys(self) -> None:
        """New data keys and a new wrapping key, and everything sealed anew, by another process."""
        vault = Vault.open(self.keys)
        vault.ring.rotate()
        vault.ring.rewrap()
        for column in IN_WEARABLES:
            for _ in seal_anew(self.store, vault, column):
                pass

    def unreadable(self) -> int:
        """Count payloads that a process which starts now could not read."""
        vault, bad = Vault.open(self.keys), 0
        with self.store.connect() as connection:
            for (payload,) in connection.execute(select(inbox_table.c.id)):
                bad += not inbox.read_one(connection, vault, payload).raw
        return bad

    def finding(self, patient: str) -> RowMapping | None:
        """The latest finding about a patient."""
        known = select(findings).where(findings.c.person_id == self.people[patient])
        with self.store.connect() as connection:
            latest = connection.execute(known.order_by(findings.c.created_at.desc()).limit(1))
            return latest.mappings().one_or_none()

    def decide(self, patient: str, wanted: int) -> Decision | None:
        """A clinician decides something that can be decided about the patient's latest finding."""
        finding = self.finding(patient)
        if finding is None:
            return None
        can = allowed(FindingState(finding["state"]))
        decision = can[wanted % len(can)]
        said = Said(decision, finding["version"], "as seen on 12 leads")
        asker = _clinician(patient)
        with writing(self.store) as connection:
            request = f"r{next(self._requests)}"
            decide(connection, asker, self.people[patient], finding["id"], said, request)
        return decision

    def send_again(self) -> None:
        """An operator has every write that waits for a person begin anew."""
        with writing(self.store) as connection:
            for letter in sorted(letters(connection), key=lambda each: each.id):
                replay(connection, letter.id, "operator", self.now)

    def carried(self, patient: str) -> list[dict[str, Any]]:
        """What carries findings about the patient in the chart."""
        about = f"Patient/{patient}"
        return [e for e in self.chart.of_type(self.route) if e["subject"]["reference"] == about]

    def rows(self) -> list[RowMapping]:
        """The outbox."""
        with self.store.connect() as connection:
            return list(connection.execute(select(outbox)).mappings())

    def _enrol(self, patient: str) -> tuple[int, int]:
        until = datetime.now(UTC) + timedelta(days=1)
        tokens = Tokens("access", "refresh", until, ("all",), f"wearer of {patient}")
        with writing(self.store) as connection:
            person = person_for(connection, "sandbox", ISSUER, patient, create=True)
            assert person is not None
            record(connection, "sandbox", person, TOPICS, "I agree")
            account = accounts.link(
                connection,
                self._vault,
                tenant="sandbox",
                person_id=person,
                vendor="band",
                tokens=tokens,
                profile=Profile("UTC", "Band 2"),
            )
        return person, account


def _clinician(patient: str) -> Asker:
    return Asker(
        tenant="sandbox",
        issuer=ISSUER,
        patient=patient,
        user=f"{ISSUER}/Practitioner/ingrid-lind",
        user_name="Dr Ingrid Lind",
        context="c1",
        scopes=frozenset({"finding.act"}),
    )
