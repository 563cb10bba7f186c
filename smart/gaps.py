"""What could not be read, said so that it can be shown."""

from __future__ import annotations

from dataclasses import dataclass

from smart.errors import (
    AuthorizationLost,
    EhrError,
    EhrMisconfigured,
    EhrUnavailable,
    NotFound,
    NotPermitted,
)


@dataclass(frozen=True, slots=True)
class Gap:
    """A part of the record that is missing: `part` as shown, `reason` as a short sentence."""

    part: str
    reason: str

    def __str__(self) -> str:
        return f"{self.part}: {self.reason}"


REASONS: tuple[tuple[type[EhrError], str], ...] = (
    (EhrUnavailable, "The EHR does not answer at the moment."),
    (NotPermitted, "The EHR does not permit reading it."),
    (NotFound, "The EHR no longer has it."),
    (AuthorizationLost, "The EHR ended this launch. Open the app again from the chart."),
    (EhrMisconfigured, "The EHR gave an answer that cannot be used."),
)


def reason_for(error: EhrError) -> str:
    """The error in words for a clinician."""
    return next((words for kind, words in REASONS if isinstance(error, kind)), "It was not read.")
