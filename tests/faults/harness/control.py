"""The naive way, as a control: post until the answer is 201. It has to double Flags."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import requests

from tests.faults.harness.hospital import FAULTS, Hospital
from tests.faults.harness.worker import SLOW_SECONDS

_TIMEOUT_SECONDS = 0.6


class Naive:
    """Posts a Flag for each patient, notes it in its own table, and begins anew when killed."""

    def __init__(self, hospital: Hospital) -> None:
        self._hospital = hospital
        self._table: Path = hospital.folder / "naive.db"

    def run(self, kills: int) -> int:
        """Return how many active Flags too many there are in the end."""
        self._hospital.faults(rates=FAULTS, slow_seconds=SLOW_SECONDS, seed=self._hospital.seed)
        with closing(sqlite3.connect(self._table)) as connection:
            connection.execute("CREATE TABLE sent (patient TEXT PRIMARY KEY)")
        token = self._hospital.site.token()
        for _ in range(kills):
            child = self._fork(token)
            time.sleep(self._hospital.chance.uniform(0.03, 0.2))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        while self._sent() < len(self._hospital.patients):
            os.waitpid(self._fork(token), 0)
        flags = self._hospital.held("Flag")
        active = Counter(e["subject"]["reference"] for e in flags if e["status"] == "active")
        return sum(count - 1 for count in active.values())

    def _sent(self) -> int:
        with closing(sqlite3.connect(self._table)) as connection:
            return int(connection.execute("SELECT count(*) FROM sent").fetchone()[0])

    def _fork(self, token: str) -> int:
        child = os.fork()
        if child == 0:
            try:
                self._post_all(token)
            finally:
                os._exit(0)
        return child

    def _post_all(self, token: str) -> None:
        with closing(sqlite3.connect(self._table, isolation_level=None)) as connection:
            for patient in self._hospital.patients:
                known = connection.execute("SELECT 1 FROM sent WHERE patient = ?", (patient,))
                if known.fetchone() is None:
                    while not self._post(patient, token):
                        token = self._hospital.site.token()
                    connection.execute("INSERT INTO sent VALUES (?)", (patient,))

    def _post(self, patient: str, token: str) -> bool:
        flag = {
            "resourceType": "Flag",
            "status": "active",
            "code": {"text": "Possible atrial fibrillation"},
            "subject": {"reference": f"Patient/{patient}"},
        }
        try:
            answer = requests.post(
                f"{self._hospital.site.issuer}/Flag",
                json=flag,
                headers={"Authorization": f"Bearer {token}"},
                timeout=_TIMEOUT_SECONDS,
            )
        except requests.RequestException:
            return False
        return answer.status_code == 201
