"""An EHR that answers a search of 200 orders in 10 pages, from memory: its own cost is small.

python -m bench.replay_ehr        prints its base URL and serves until it is killed
"""

from __future__ import annotations

import json
import socketserver
from typing import Any

PAGES, PAGE_SIZE = 10, 20
DRUGS = (("1364445", "apixaban 5 MG Oral Tablet", 5, 2), ("866436", "metoprolol 50 MG", 50, 1))
CATEGORY = "http://terminology.hl7.org/CodeSystem/medicationrequest-category"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
HEAD = (
    "HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json;charset=utf-8\r\n"
    "Date: Thu, 01 Oct 2026 10:00:00 GMT\r\nCache-Control: no-store\r\n"
    "X-Request-Id: 7c1f6a7e-0b9d-4f6e-9d61-0f3f4d2a8f10\r\nContent-Length: {}\r\n\r\n"
)


def order(number: int) -> dict[str, Any]:
    """One MedicationRequest as EHRs with US Core write it."""
    code, name, dose, per_day = DRUGS[number % len(DRUGS)]
    start, end = f"20{10 + number % 15}-01-05", f"20{10 + number % 15}-07-05"
    repeat = {"frequency": per_day, "period": 1, "periodUnit": "d"}
    quantity = {"value": dose, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}
    return {
        "resourceType": "MedicationRequest",
        "id": f"order-{number}",
        "meta": {"versionId": "1", "lastUpdated": f"{start}T10:20:00.000+00:00"},
        "identifier": [{"use": "usual", "system": "urn:oid:1.2.840.114350", "value": f"{number}"}],
        "status": "active" if number % 3 else "stopped",
        "intent": "order",
        "category": [_concept(CATEGORY, "outpatient", "Outpatient")],
        "medicationCodeableConcept": _concept(RXNORM, code, name),
        "subject": {"reference": "Patient/marit", "display": "Marit Solheim"},
        "encounter": {"reference": f"Encounter/visit-{number}", "display": "Office visit"},
        "authoredOn": f"{start}T10:20:00Z",
        "requester": {"reference": "Practitioner/ingrid", "display": "Dr Ingrid Lind"},
        "dosageInstruction": [
            {
                "text": f"{dose} mg by mouth {per_day} times a day, number {number}",
                "timing": {"repeat": {"boundsPeriod": {"start": start, "end": end}, **repeat}},
                "route": {"text": "Oral"},
                "doseAndRate": [{"doseQuantity": quantity}],
            }
        ],
        "dispenseRequest": {
            "validityPeriod": {"start": start, "end": end},
            "numberOfRepeatsAllowed": 3,
            "quantity": {"value": 60, "unit": "tablet"},
        },
    }


def _concept(system: str, code: str, words: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": words}], "text": words}


def page(number: int, base: str) -> bytes:
    """One page of the search as it goes over the wire, headers and all."""
    numbers = range(number * PAGE_SIZE, (number + 1) * PAGE_SIZE)
    following = {"relation": "next", "url": f"{base}/MedicationRequest?page={number + 1}"}
    document = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": PAGES * PAGE_SIZE,
        "link": [following] if number + 1 < PAGES else [],
        "entry": [
            {
                "fullUrl": f"{base}/MedicationRequest/order-{n}",
                "resource": order(n),
                "search": {"mode": "match"},
            }
            for n in numbers
        ],
    }
    body = json.dumps(document).encode()
    return HEAD.format(len(body)).encode() + body


class Replay(socketserver.BaseRequestHandler):
    """Answers each request on a connection with its page."""

    pages: tuple[bytes, ...] = ()

    def handle(self) -> None:
        """Serve until the client hangs up."""
        while request := self.request.recv(65536):
            target = request.split(b" ", 2)[1]
            number = target.rpartition(b"page=")[2] if b"page=" in target else b"0"
            self.request.sendall(self.pages[int(number)])


def main() -> None:
    """Serve on a free port."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Replay) as server:
        base = f"http://127.0.0.1:{server.server_address[1]}/fhir"
        Replay.pages = tuple(page(number, base) for number in range(PAGES))
        print(base, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
