"""What has changed between two looks at the findings, so that the page redraws only then."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clinical.findings import Decision, FindingState
from dashboards.findings_list import title
from dashboards.services import Finding, Outcome

Known = dict[str, Any]

_DONE = {
    Decision.ACKNOWLEDGED: "Acknowledged.",
    Decision.CONFIRMED: "Confirmed.",
    Decision.REJECTED: "Rejected as wrong.",
    Decision.UNREADABLE: "Rejected as unreadable.",
    Decision.COMMENTED: "Comment added.",
    Decision.RESOLVED: "Resolved.",
    Decision.REOPENED: "Reopened.",
}
_NOT_DONE = {
    Outcome.CHANGED: "This finding has changed meanwhile. Look at it again before deciding.",
    Outcome.LEFT_ALONE: "Nothing was saved: this page was left alone for more than five minutes. "
    "Check that the patient named on it is still the one you mean, and click again.",
    Outcome.WORDLESS: "Nothing was saved: write the comment first.",
    Outcome.NOT_PERMITTED: "Your launch does not permit this. Nothing was saved.",
    Outcome.UNAVAILABLE: "Nothing was saved: the service did not answer. Try again.",
}


@dataclass(frozen=True, slots=True)
class Step:
    """What one look found against the look before it."""

    known: Known  # to be handed back at the next look
    changed: bool
    episodes_changed: bool
    announcement: str


def follow(findings: Sequence[Finding], known: Known | None) -> Step:
    """Compare with `known`, the memory of the look before (None at the first)."""
    now = {
        "digest": _digest(findings),
        "episodes": _digest([(finding.id, finding.end is None) for finding in findings]),
        "ids": [finding.id for finding in findings],
    }
    if known is None:
        return Step(now, changed=True, episodes_changed=False, announcement="")
    fresh = [finding for finding in findings if finding.id not in known.get("ids", ())]
    return Step(
        now,
        changed=now["digest"] != known.get("digest"),
        episodes_changed=now["episodes"] != known.get("episodes"),
        announcement=" ".join(f"New finding: {title(finding)}." for finding in fresh),
    )


def newest_to_show(findings: Sequence[Finding]) -> str | None:
    """The finding whose ECG, or beats, are shown unasked: the newest open one, else the newest."""
    able = [finding for finding in findings if finding.has_strip or finding.has_beats]
    waiting = [finding for finding in able if finding.state is FindingState.OPEN]
    return next((finding.id for finding in (*waiting, *able)), None)


def outcome_sentence(outcome: Outcome, decision: Decision) -> str:
    """What became of a decision, for the person who clicked."""
    return _NOT_DONE.get(outcome) or _DONE[decision]


def _digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]
