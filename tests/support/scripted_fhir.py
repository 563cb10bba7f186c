"""A FHIR base on a real port that answers each target from a script."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from safeguards.egress import Egress
from smart.fhir import FhirReader
from smart.habits import UNKNOWN, Habits
from smart.record import PatientRecord
from tests.conformance.simulator.recording import Recording, Sent
from tests.conformance.simulator.server import Answer, LoopbackServer, of_fhir

OSLO = ZoneInfo("Europe/Oslo")
NOT_THERE = Answer(404)


class Access:
    """Access that never runs out."""

    def token(self) -> str:
        return "token"

    def renewed(self, refused: str) -> str:
        return "token"


class Granted(Access):
    """Delivery's access to some types of resource."""

    def __init__(self, *kinds: str) -> None:
        self.kinds = kinds

    def allows(self, kind: str, letter: str) -> bool:
        return kind in self.kinds


class ScriptedFhir:
    """`answers` by what follows the base, with or without the query; the last one stays.

    `most_at_once` is how many requests it had under way at the same time.
    """

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.most_at_once = self._at_once = 0
        self._lock = threading.Lock()
        self._recording = Recording()
        self._server = LoopbackServer("fhir", self._recording, self._answer)
        self.base = f"{self._server.url}/fhir"
        self.reader = FhirReader(self.base, Egress([self.base]), Access())

    def close(self) -> None:
        self._server.close()

    @property
    def sent(self) -> list[Sent]:
        """The requests, in order."""
        return self._recording.sent

    @property
    def asked(self) -> list[str]:
        """What was asked for, in order, without the base."""
        return [_target(sent) for sent in self.sent]

    def record(self, habits: Habits = UNKNOWN) -> PatientRecord:
        return PatientRecord(self.reader, "marit", OSLO, habits)

    def serve(self, target: str, *answers: Answer | dict[str, Any]) -> None:
        """Answer `target` with these, one after the other."""
        self.answers[target] = [a if isinstance(a, Answer) else of_fhir(a) for a in answers]

    def _answer(self, sent: Sent) -> Answer:
        script = self.answers.get(_target(sent)) or self.answers.get(sent.path[len("/fhir/") :])
        if not script:
            return NOT_THERE
        answer = script.pop(0) if len(script) > 1 else script[0]
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        time.sleep(answer.seconds)
        with self._lock:
            self._at_once -= 1
        return replace(answer, seconds=0.0)


def bundle(*resources: Any, following: str = "", **more: Any) -> dict[str, Any]:
    """A page of a search."""
    link = [{"relation": "next", "url": following}] if following else []
    entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "link": link, "entry": entries, **more}


def _target(sent: Sent) -> str:
    path = sent.path[len("/fhir/") :]
    return f"{path}?{sent.query}" if sent.query else path
