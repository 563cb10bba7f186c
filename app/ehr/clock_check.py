"""Whether the EHR's clock and ours agree: assertions and id_tokens live for minutes only."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from app.ehr.discovered import WELL_KNOWN
from app.ehr.report import Line, failure, good, warning
from app.ehr.subject import Subject
from safeguards.egress import EgressError

WARN_SECONDS = 30.0
FAIL_SECONDS = 240.0  # our assertions live so long: an EHR further ahead takes none of them


def clock_line(subject: Subject) -> Line:
    """Compare the Date header of an answer with the moment in the middle of the request."""
    before = datetime.now(UTC)
    try:
        answer = subject.ehr.egress.get(f"{subject.base}/{WELL_KNOWN}")
    except EgressError as error:
        return warning("clocks", f"no answer: {error}", "check again")
    middle = before + (datetime.now(UTC) - before) / 2
    return judged(answer.headers.get("Date", ""), middle)


def judged(date: str, now: datetime) -> Line:
    """What a Date header says of the two clocks."""
    try:
        there = parsedate_to_datetime(date)
    except ValueError:
        return warning("clocks", "the EHR tells no time", "compare the two clocks by hand")
    there = there if there.tzinfo else there.replace(tzinfo=UTC)
    seconds = (there - now).total_seconds()
    what = f"the EHR's is {abs(seconds):.0f} s {'ahead' if seconds > 0 else 'behind'}"
    mend = "set both clocks by NTP"
    if abs(seconds) > FAIL_SECONDS:
        return failure("clocks", what, f"{mend}: the EHR will refuse our assertions")
    if abs(seconds) > WARN_SECONDS:
        return warning("clocks", what, mend)
    return good("clocks", f"{abs(seconds):.0f} s apart")
