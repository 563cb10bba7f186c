"""A person edits a Flag in the EHR while we change it: the person's words survive, always."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from clinical.findings import Decision
from tests.support.paper_chart import PaperChart
from wearable_agg.delivery.decisions import Said, decide
from wearable_agg.delivery.findings import record_started
from wearable_agg.delivery.identity import Identity
from wearable_agg.delivery.worker import Delivery, Destination
from wearable_agg.people import consents
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import writing
from wearable_agg.store.outbox_tables import outbox

ISSUER = "http://localhost:8400/fhir"
SEED = 20260301


class Ward:
    """Delivery to an EHR on paper, and somebody there with a pen."""

    def __init__(self, store, chance):
        self.store, self.chance, self.chart = store, chance, PaperChart()
        self.now = datetime.now(UTC)
        charts = {("sandbox", ISSUER): Destination(self.chart)}
        self.delivery = Delivery(store, charts, Identity(b"k" * 32), clock=lambda: self.now)

    def deliver(self):
        self.now += timedelta(seconds=10)
        self.delivery.deliver_due()

    def flag(self, patient):
        about = f"Patient/{patient}"
        [flag] = [f for f in self.chart.of_type("Flag") if f["subject"]["reference"] == about]
        return flag

    def interleave(self, patient, detection, clinician):
        """Let edits fall before, between and after the steps of one of our changes."""
        with writing(self.store) as connection:
            person = person_for(connection, "sandbox", ISSUER, patient, create=True)
            consents.record(connection, "sandbox", person, ["rhythm"], "I agree")
            stream = f"patch/{patient}"
            finding = record_started(
                connection, replace(detection, person_id=person, stream=stream)
            )
        self.deliver()
        words = []
        left = [self.chance.randrange(4)]

        def write():
            words.append(f"Words number {len(words)} about {patient}")
            flag = self.flag(patient)
            self.chart.write({**flag, "code": {**flag["code"], "text": words[-1]}})

        def between():
            if left[0]:
                left[0] -= 1
                write()

        if self.chance.random() < 0.5:
            write()
        self.chart.before_update = between
        with writing(self.store) as connection:
            said = Said(Decision.ACKNOWLEDGED, 1, "Seen")
            decide(connection, clinician, person, finding, said, patient)
        self.deliver()
        self.deliver()
        if self.chance.random() < 0.5 or not words:
            write()
        return words[-1]


@pytest.mark.threat("T37")
@pytest.mark.parametrize("count", [60, pytest.param(1000, marks=pytest.mark.long)])
def test_the_persons_words_survive_every_interleaving(store, detect, clinician, count):
    ward = Ward(store, random.Random(SEED))  # noqa: S311  # the same moments each time
    for number in range(count):
        patient = f"p{number}"
        words = ward.interleave(patient, detect(), replace(clinician, patient=patient))
        flag = ward.flag(patient)
        marks = [e for e in flag["extension"] if e["url"].endswith("flag-decision")]
        assert (flag["code"]["text"], len(marks)) == (words, 1)
    with store.connect() as connection:
        assert set(connection.execute(select(outbox.c.state)).scalars()) == {"done"}
