"""One hospital of the harness: an EHR process, a proxy before it, a store, and its delivery."""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import random
import signal
import socket
import sqlite3
import time
import traceback
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from waitress import create_server

from app.demo.site import DELIVERY_CLIENT
from app.roles.delivery import WORKERS
from sandbox.ehr.app import create_app
from sandbox.ehr.clients import load_clients
from sandbox.ehr.database import Database, utc_now
from sandbox.ehr.fhir.store import save
from sandbox.ehr.personality import PERSONALITIES
from sandbox.ehr.settings import Settings as EhrSettings
from smart.keys import ClientKeys
from tests.faults.harness import proxy, worker
from tests.support.episodes import find
from wearable_agg.delivery.failpoints import NAMES, VARIABLE
from wearable_agg.delivery.identity import Identity
from wearable_agg.delivery.naming import our_value
from wearable_agg.store.all_tables import metadata
from wearable_agg.store.database import open_database

FAULTS = {
    "failures": 0.03,
    "lose_replies": 0.05,
    "errors_in_200": 0.02,
    "html_in_200": 0.01,
    "slow_commits": 0.02,
    "throttles": 0.01,
    "expire_tokens": 0.01,
}
RETRY_AFTER = {"atomic": "seconds", "racy": "date"}
_CONTEXT = multiprocessing.get_context("fork")
_THREADS = 2 * WORKERS
_PATIENCE_SECONDS = 3.0
_UNSETTLED = "state IN ('pending', 'retry', 'inflight', 'unknown')"


@dataclass(frozen=True, slots=True)
class Count:
    """What became of the findings of one hospital."""

    findings: int
    kills: int
    interrupted: int
    lost: int
    duplicate_active_flags: int
    wrong_patient: int
    taken_back: int
    intact: bool
    route: str
    seconds: float
    left: list[Any]


class Hospital:
    """An EHR of one personality with so many patients, each with one finding."""

    def __init__(
        self,
        folder: Path,
        personality: str,
        patients: int,
        seed: int,
        spoil: float = proxy.RATE,
    ) -> None:
        self.folder, self.name, self.seed, self._spoil = folder, personality, seed, spoil
        self.patients = [f"p{number}" for number in range(patients)]
        self.chance = random.Random(seed)  # noqa: S311  # the same moments each time
        self.keys = folder / "keys"
        self.store = folder / "wearables.db"
        self._listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        self.direct, self.url = (
            f"http://127.0.0.1:{each.getsockname()[1]}" for each in self._listeners
        )
        self._processes: list[Any] = []

    def open(self) -> None:
        """Start the EHR and the proxy, admit the patients, probe."""
        self._fill_ehr()
        engine = open_database(self.store)
        metadata.create_all(engine)
        engine.dispose()
        Identity.open(self.keys)
        self._processes = [_CONTEXT.Process(target=self._serve, daemon=True)]
        self._processes[0].start()
        _until(lambda: requests.get(f"{self.direct}/fhir/metadata", timeout=5).ok)
        # admitted over the quiet way; faults begin afterwards
        self._processes.append(proxy.start(_CONTEXT, self.direct, self._listeners[1], 0, 0.0))
        self.site = worker.Site(self.url, self.keys, self.store)
        self.site.probe(self.patients[0])
        self._processes.pop().kill()
        again = proxy.start(_CONTEXT, self.direct, self._listeners[1], self.seed, self._spoil)
        self._processes.append(again)

    def close(self) -> None:
        """End its processes."""
        for process in self._processes:
            process.kill()
            process.join()
        for listener in self._listeners:
            listener.close()

    def faults(self, **wanted: object) -> None:
        """Switch faults of the EHR."""
        requests.post(f"{self.direct}/sandbox/faults", json=wanted, timeout=5).raise_for_status()

    def run(self, kills: int) -> Count:
        """Find something about each patient, kill delivery again and again, let it finish."""
        began = time.monotonic()
        form = RETRY_AFTER.get(self.name, "milliseconds")
        slow = {"slow_seconds": worker.SLOW_SECONDS, "seed": self.seed}
        self.faults(rates=FAULTS, retry_after=form, retry_seconds=0.2, **slow)
        places = self._places(kills)
        share = -(-len(self.patients) // max(kills, 1))
        done, interrupted = 0, 0
        for number in range(kills):
            self.find(self.patients[number * share : (number + 1) * share])
            done += self._kill(places[number], self.chance.randint(1, share))
            interrupted += self.rows("state = 'inflight'")
        self.find(self.patients[kills * share :])
        self._finish()
        return self._count(done, interrupted, time.monotonic() - began)

    def find(self, patients: list[str]) -> None:
        """Let the rhythm engine have found something about each of the patients."""
        engine = open_database(self.store)
        find(engine, self.site.issuer, patients)
        engine.dispose()

    def _places(self, kills: int) -> list[str]:
        """Each named place as often as the others, and as often at random as at any place."""
        places = [*NAMES, *[""] * len(NAMES)]
        return [places[number % len(places)] for number in range(kills)]

    def _kill(self, place: str, passes: int) -> int:
        """Start delivery and let it be killed; 1 where it was alive then.

        At a named place that is in so many passes of it: in a stream of writes, not at the first.
        """
        child = self.fork(f"{place} {passes}" if place else "")
        until = time.monotonic() + (_PATIENCE_SECONDS if place else self.chance.uniform(0.03, 0.8))
        while time.monotonic() < until:
            gone, status = os.waitpid(child, os.WNOHANG)
            if gone:
                return int(os.WIFSIGNALED(status))
            time.sleep(0.005)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        return int(os.WIFSIGNALED(status))

    def fork(self, place: str = "", interval_seconds: float = worker.INTERVAL_SECONDS) -> int:
        """Start delivery in a process, to die at the named place; returns its id."""
        child = os.fork()
        if child == 0:
            try:
                os.environ[VARIABLE] = place
                self.site.deliver(interval_seconds)
            except Exception:
                traceback.print_exc()
            finally:
                os._exit(1)
        return child

    def _finish(self) -> None:
        """Deliver undisturbed by kills, reconcile, and deliver what that found missing."""
        for _ in range(2):
            child = self.fork()
            settled = _until(lambda: self.rows(_UNSETTLED) == 0, 120 + len(self.patients) / 5)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            assert settled, self.table()
            self.faults(rates={})
            self.site.reconcile()
            if self.rows(_UNSETTLED) == 0:
                return

    def rows(self, condition: str) -> int:
        """Count rows of the outbox."""
        query = f"SELECT count(*) FROM outbox WHERE {condition}"  # noqa: S608  # our own words
        return int(self._ask(query)[0][0])

    def table(self) -> list[Any]:
        """Count rows of the outbox by state and reason."""
        return self._ask("SELECT state, reason, count(*) FROM outbox GROUP BY state, reason")

    def _ask(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(self.store, timeout=15)) as connection:
            return connection.execute(query).fetchall()

    def _count(self, kills: int, interrupted: int, seconds: float) -> Count:
        route = self.site.personality().route
        owners = self.site.owners(self.patients)
        active: Counter[str] = Counter()
        wrong = 0
        for resource in self.held(route):
            value = our_value(resource, route)
            if value and _is_open(resource):
                patient = resource["subject"]["reference"].removeprefix("Patient/")
                active[patient] += 1
                wrong += owners.get(value) != patient
        [(taken_back,)] = self._ask("SELECT coalesce(sum(taken_back), 0) FROM reconciliations")
        [(check,)] = self._ask("PRAGMA integrity_check")
        return Count(
            findings=len(self.patients),
            kills=kills,
            interrupted=interrupted,
            lost=sum(active[patient] == 0 for patient in self.patients),
            duplicate_active_flags=sum(count - 1 for count in active.values()),
            wrong_patient=wrong,
            taken_back=taken_back,
            intact=check == "ok",
            route=route,
            seconds=round(seconds, 1),
            left=[row for row in self.table() if row[0] != "done"],
        )

    def held(self, kind: str) -> list[Any]:
        """Return what the EHR holds of a type."""
        with closing(sqlite3.connect(self.folder / "ehr" / "ehr.db")) as connection:
            query = "SELECT body FROM resources WHERE type = ? AND NOT deleted"
            return [json.loads(body) for (body,) in connection.execute(query, (kind,))]

    def _settings(self) -> EhrSettings:
        path = self.folder / "clients.json"
        registration = {
            "client_id": DELIVERY_CLIENT,
            "kind": "backend",
            "jwks": ClientKeys.open(self.keys).public_jwks(),
            "scopes": worker.SCOPES.split(),
        }
        path.write_text(json.dumps([registration]), "utf-8")
        like = PERSONALITIES[self.name]
        return EhrSettings(self.url, self.folder / "ehr", load_clients(path), personality=like)

    def _fill_ehr(self) -> None:
        folder = self.folder / "ehr"
        folder.mkdir(parents=True)
        database = Database(folder / "ehr.db")
        with database.write() as connection:
            for patient in self.patients:
                person = {"resourceType": "Patient", "id": patient, "birthDate": "1958-03-14"}
                save(connection, person, "PUT", utc_now())
        database.read().close()

    def _serve(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        gc.freeze()
        server = create_server(
            create_app(self._settings()),
            sockets=[self._listeners[0]],
            threads=_THREADS,
            connection_limit=1000,
        )
        server.run()


def _is_open(resource: dict[str, Any]) -> bool:
    if resource["resourceType"] == "Flag":
        return bool(resource["status"] == "active")
    return bool(resource["status"] != "entered-in-error")


def _until(ready: Any, seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if ready():
                return True
        except requests.RequestException:
            pass
        time.sleep(0.05)
    return False
