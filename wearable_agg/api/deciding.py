"""The route with which a clinician decides about a finding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from clinical.findings import Decision, NotAllowedNow
from wearable_agg.api.problems import NO_CONSENT, NOT_FOUND, STALE, Problem, bad_request
from wearable_agg.api.reading import FINDING_ID, demand_rhythm
from wearable_agg.api.routes import FINDING_ACT, Call, Route
from wearable_agg.client import model
from wearable_agg.delivery.decisions import Said, StaleFinding, UnknownFinding, Wordless
from wearable_agg.delivery.decisions import decide as record_decision

LONGEST_NOTE = 2000


@dataclass(frozen=True, slots=True)
class Deciding:
    """`version` is the finding's version as read; a comment needs a `note`."""

    decision: Decision
    version: int
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""


def decide(call: Call) -> dict[str, Any]:
    """Record what the user decides about a finding."""
    demand_rhythm(call)
    finding_id, body = call.values["finding_id"], call.body
    said = Said(body.decision, body.version, body.note)
    try:
        return record_decision(
            call.connection, call.asker, call.person_id, finding_id, said, call.key
        )
    except UnknownFinding as error:
        raise Problem(NOT_FOUND, "This patient has no such finding.") from error
    except StaleFinding as error:
        detail = "Somebody acted on the finding since it was read: read it again."
        raise Problem(STALE, detail) from error
    except NotAllowedNow as error:
        raise Problem(STALE, f"Not possible as the finding stands: {error}.") from error
    except Wordless as error:
        raise bad_request("A comment needs a note.") from error


DECIDING = (
    Route(
        "POST",
        "/patient/findings/{finding_id}/decisions",
        "decide",
        "Decide about a finding",
        FINDING_ACT,
        decide,
        model.Finding,
        parameters=(FINDING_ID,),
        body=Deciding,
        problems=(NO_CONSENT, NOT_FOUND, STALE),
    ),
)
