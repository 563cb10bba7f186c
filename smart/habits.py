"""What an EHR lets itself be asked: read from its CapabilityStatement, mended by known quirks."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from config.ehr_quirks import quirk_of
from safeguards.egress import Egress
from smart.answers import json_object, send
from smart.errors import EhrError
from smart.lenient import mapping, mappings, text

LARGEST_STATEMENT = 16_000_000
KEEP_SECONDS = 3600.0
KEEP_UNKNOWN_SECONDS = 300.0
INCLUDE = "MedicationRequest:medication"


@dataclass(frozen=True, slots=True)
class Offered:
    """One kind of resource: the search parameters it takes and what a search can include."""

    parameters: frozenset[str] = frozenset()
    includes: frozenset[str] = frozenset()
    searchable: bool = True


@dataclass(frozen=True, slots=True)
class Habits:
    """`kinds` None: the EHR does not say, so only what FHIR demands of everybody is used."""

    software: str = ""
    kinds: Mapping[str, Offered] | None = None

    def offers(self, kind: str) -> bool:
        """Whether the kind can be searched for; True where the EHR does not say."""
        return self.kinds is None or (kind in self.kinds and self.kinds[kind].searchable)

    def query(self, kind: str, patient: str, wished: Mapping[str, str]) -> dict[str, str]:
        """Search parameters: the patient, and of `wished` what the EHR takes for this kind.

        A parameter that an EHR does not know may fail the search or be ignored, so it is not sent.
        """
        known = self._parameters(kind)
        return {"patient": patient} | {n: v for n, v in wished.items() if n in known}

    def _parameters(self, kind: str) -> frozenset[str]:
        """`_count` is every server's, except where one names it for some kinds and not for this."""
        kinds = self.kinds or {}
        listed = kinds.get(kind, Offered()).parameters
        names_it = any("_count" in offered.parameters for offered in kinds.values())
        include = {"_include"} if self.includes_medications else set()
        return listed | include if names_it else listed | include | {"_count"}

    @property
    def includes_medications(self) -> bool:
        """Whether a search of orders brings their drugs along."""
        quirk = quirk_of(self.software)
        if quirk is not None and quirk.includes_medications is not None:
            return quirk.includes_medications
        stated = (self.kinds or {}).get("MedicationRequest", Offered()).includes
        return not stated.isdisjoint({INCLUDE, "*"})


UNKNOWN = Habits()


def habits_of(statement: Mapping[str, Any]) -> Habits:
    """Read a CapabilityStatement; one that names no resources says nothing."""
    software = text(mapping(statement.get("software")).get("name"))
    kinds: dict[str, Offered] = {}
    for rest in mappings(statement.get("rest")):
        if rest.get("mode", "server") == "server":
            kinds |= {text(each.get("type")): _offered(each) for each in _resources(rest)}
    return Habits(software or text(statement.get("publisher")), kinds or None)


class KnownHabits:
    """Asks an EHR for its CapabilityStatement at first use, and each hour again. Thread-safe."""

    def __init__(self, base: str, egress: Egress) -> None:
        self._url = base.rstrip("/") + "/metadata"
        self._egress = egress
        self._lock = threading.Lock()
        self._habits, self._until = UNKNOWN, 0.0

    def get(self) -> Habits:
        """The EHR's habits; UNKNOWN where it does not tell them."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._habits = self._read()
                known = self._habits is not UNKNOWN
                keep = KEEP_SECONDS if known else KEEP_UNKNOWN_SECONDS
                self._until = time.monotonic() + keep
            return self._habits

    def _read(self) -> Habits:
        headers = {"Accept": "application/fhir+json"}
        try:
            answer = send(
                self._egress, "GET", self._url, headers=headers, maximum_bytes=LARGEST_STATEMENT
            )
            if answer.status_code != 200:
                return UNKNOWN
            return habits_of(json_object(answer, limit=LARGEST_STATEMENT))
        except EhrError:
            return UNKNOWN


def _resources(rest: Mapping[str, Any]) -> list[dict[str, Any]]:
    return mappings(rest.get("resource"))


def _offered(resource: Mapping[str, Any]) -> Offered:
    names = {text(parameter.get("name")) for parameter in mappings(resource.get("searchParam"))}
    actions = {text(action.get("code")) for action in mappings(resource.get("interaction"))}
    includes = resource.get("searchInclude")
    return Offered(
        parameters=frozenset(names),
        includes=frozenset(map(text, includes)) if isinstance(includes, list) else frozenset(),
        searchable="search-type" in actions or not actions,
    )
