"""From the invitation to the chart's days: every process real, against the vendors' simulators."""

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta

import pytest
import requests

from app.demo import people, site
from app.demo.processes import Processes, wait_until
from app.demo.site import Site
from safeguards.assertions import Signer
from sandbox.vendors.links import DELETE
from tests.support.stack import _answers, free_ports
from tests.support.year import NEVER_TOLD, PARTS

BACKFILL_DAYS = 16


class Running:
    """The vendors' simulators, api, worker and poller over an empty data folder."""

    def __init__(self, folder):
        self.folder = folder
        self.site = Site(folder, free_ports())
        site.write(self.site)
        config = self.site.config
        config.write_text(f"backfill_days = {BACKFILL_DAYS}\n{config.read_text()}")
        self.processes = Processes(folder / "logs")
        self.vendors = self.processes.start(
            "vendors",
            *("-m", "sandbox.vendors", "--listen", f"127.0.0.1:{self.site.ports['vendors']}"),
            *("--url", self.site.vendors_url, "--data", str(folder / "vendors")),
            *("--apps", str(self.site.apps)),
        )
        for role in ("api", "worker", "poller"):
            self.processes.start(role, "-m", "app.cli", "--config", str(config), "run", role)
        urls = (self.site.api_url, self.site.vendors_url)
        assert wait_until(lambda: all(_answers(f"{url}/healthz") for url in urls), 60)
        signer = Signer.open(self.site.data / "keys")
        issuer = f"{self.site.ehr_url}/fhir"
        self.backend = people.Backend(self.site.api_url, signer, site.TENANT, issuer)

    def get(self, patient, path, **query):
        url = f"{self.site.api_url}/api/v1/patient{path}"
        answer = requests.get(url, params=query, headers=self.backend._as(patient), timeout=20)
        answer.raise_for_status()
        return answer.json()

    def let_delete(self, user, low, high):
        """Have a wearer delete what their watch measured between two instants."""
        values = (user, DELETE, low.timestamp(), high.timestamp())
        statement = "INSERT INTO events (user, action, due, low, high) VALUES (?, ?, 0, ?, ?)"
        with closing(sqlite3.connect(self.folder / "vendors" / "vendors.db")) as store, store:
            store.execute(statement, values)

    def days(self, patient):
        today = date.today()
        first, last = today - timedelta(days=BACKFILL_DAYS - 1), today
        return self.get(patient, "/days", **{"from": str(first), "to": str(last)})["days"]


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    running = Running(tmp_path_factory.mktemp("site"))
    list(people.link_all(running.backend))
    yield running
    running.processes.stop()


@pytest.mark.parametrize("wearer", people.WEARERS, ids=lambda wearer: wearer.patient)
def test_what_the_wearable_measured_is_in_the_days(running, wearer):
    def measured(part):
        return sum(day[part] is not None for day in running.days(wearer.patient))

    parts = [part for part in PARTS if part not in NEVER_TOLD.get(wearer.vendor, ())]
    assert wait_until(lambda: min(map(measured, parts)) > 10, 60)


def test_at_least_three_wearers_have_every_part():
    assert sum(wearer.vendor not in NEVER_TOLD for wearer in people.WEARERS) >= 3


def test_the_linked_wearables_are_named_with_their_last_success(running):
    [link] = running.get("jonas-berg", "")["linked"]
    assert (link["name"], link["status"]) == ("Withings", "active")
    assert wait_until(lambda: running.get("jonas-berg", "")["linked"][0]["last_sync"], 30)


def test_an_account_of_somebody_else_is_not_linked(running):
    [wearer] = [one for one in people.WEARERS if one.patient == "marit-solheim"]
    taken = people.Wearer("li-wei", wearer.vendor, wearer.user, wearer.born)
    with pytest.raises(people.LinkFailed, match="409"):
        people.link(running.backend, taken)


def test_heart_rate_that_a_wearer_deletes_at_google_is_gone_here(running):
    low = datetime.combine(date.today() - timedelta(days=3), time(15), UTC)
    high = low + timedelta(hours=2)

    def counted():
        window = {"from": low.isoformat(), "to": high.isoformat()}
        answer = running.get("marit-solheim", "/heart-rate", **window)
        return sum(bucket[1] for bucket in answer["buckets"])

    assert wait_until(lambda: counted() > 5, 60)
    running.let_delete("marit", low, high)
    assert wait_until(lambda: counted() == 0, 60)


def test_with_the_vendors_down_what_was_read_is_still_shown(running):
    running.vendors.process.terminate()
    running.vendors.process.wait()
    assert any(day["steps"] for day in running.days("amara-okafor"))
