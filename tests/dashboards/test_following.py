from __future__ import annotations

from dataclasses import replace

from clinical.findings import FindingState
from dashboards.following import follow, newest_to_show
from dashboards.services import Finding, WriteState
from tests.dashboards.fake_services import NOW, FakeServices


def findings() -> list[Finding]:
    return list(FakeServices().kept.values())


def test_the_same_findings_are_no_change() -> None:
    known = follow(findings(), None).known
    step = follow(findings(), known)
    assert (step.changed, step.episodes_changed, step.announcement) == (False, False, "")


def test_the_first_look_announces_nothing() -> None:
    step = follow(findings(), None)
    assert (step.changed, step.announcement) == (True, "")


def test_a_new_finding_is_announced_and_redraws_the_timeline() -> None:
    known = follow(findings()[1:], None).known
    step = follow(findings(), known)
    assert step.announcement.startswith("New finding: Possible atrial fibrillation")
    assert (step.changed, step.episodes_changed) == (True, True)


def test_a_saved_flag_redraws_the_list_alone() -> None:
    before = findings()
    after = [replace(before[0], write=WriteState("waiting", NOW, "")), *before[1:]]
    step = follow(after, follow(before, None).known)
    assert (step.changed, step.episodes_changed) == (True, False)


def test_an_end_redraws_the_timeline() -> None:
    before = findings()
    after = [replace(before[0], end=NOW), *before[1:]]
    assert follow(after, follow(before, None).known).episodes_changed


def test_the_ecg_shown_unasked_is_of_the_newest_open_finding() -> None:
    now, old = findings()
    assert newest_to_show([now, old]) == "now"
    assert newest_to_show([replace(now, state=FindingState.RESOLVED), old]) == "now"
    assert newest_to_show([replace(now, has_strip=False), old]) == "old"
    assert newest_to_show([replace(now, has_strip=False, has_beats=True), old]) == "now"
    assert newest_to_show([]) is None
