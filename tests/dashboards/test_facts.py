from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from dashboards.facts import Fact, facts
from dashboards.reading import Look
from dashboards.services import LinkedVendor, WearableRead
from tests.dashboards.fake_services import NOW, ago

See = Callable[..., Look]


def levels(seen: Look) -> list[str]:
    return [fact.level for fact in facts(seen, NOW)]


def with_account(seen: Look, **facts_of_it: object) -> Look:
    account = LinkedVendor("withings", "Withings", "ScanWatch 2", "active", NOW)
    account = replace(account, **facts_of_it)  # type: ignore[arg-type]
    assert isinstance(seen.wearables, WearableRead)
    return replace(seen, wearables=replace(seen.wearables, linked=(account,)))


def test_the_response_to_a_dose_is_a_fact_with_its_days(see: See) -> None:
    assert facts(see(), NOW)[0] == Fact(
        "Review",
        "Resting heart rate 7 bpm lower since metoprolol 100 mg",
        "Median 51 vs 58 bpm in the 14 days before 6 Nov · 14 and 14 days with data · "
        "says nothing about the cause",
    )


def test_without_a_rate_drug_there_is_no_response(see: See) -> None:
    assert "Review" not in levels(see(drugs=[]))


def test_the_latest_gap_is_information(see: See) -> None:
    assert facts(see(), NOW)[-1].title == "No data 19–21 Oct (3 days)"


def test_a_gap_outside_the_range_is_not_said(see: See) -> None:
    assert levels(see(days=14)) == ["Review"]


def test_no_wearable_is_no_gap(see: See) -> None:
    assert facts(see(linked=False), NOW) == []


def test_an_account_that_fell_silent_is_said(see: See) -> None:
    silent = with_account(see(days=14), last_sync=ago(3))
    assert facts(silent, NOW)[-1].title == "ScanWatch 2 last synchronised 3 d ago"


def test_what_is_wrong_with_a_sync_is_said_in_its_own_words(see: See) -> None:
    reason = "syncs succeed, and nothing new has come for 9 days"
    unwell = with_account(see(days=14), unwell=reason)
    assert facts(unwell, NOW)[-1].title == f"ScanWatch 2: {reason}"


def test_what_a_wearable_that_is_well_cannot_tell_is_said(see: See) -> None:
    remark = "notices of an irregular rhythm are switched off: that none comes says nothing"
    mute = with_account(see(days=14), remarks=(remark,))
    assert facts(mute, NOW)[-1].title == f"ScanWatch 2: {remark}"


def test_an_ended_consent_is_said_instead_of_a_link(see: See) -> None:
    ended = with_account(see(days=14), status="unlinked", unwell="the patient's consent has ended")
    assert facts(ended, NOW)[-1].title == (
        "ScanWatch 2 sends no data: the patient's consent has ended"
    )


def test_a_broken_link_is_said(see: See) -> None:
    broken = with_account(see(days=14), status="broken")
    assert facts(broken, NOW)[-1].title == "ScanWatch 2 sends no data: link broken"
