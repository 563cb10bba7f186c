"""When a finding is written into the chart, rule by rule and in all combinations."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.medications import Code
from clinical.rules import (
    WHY,
    Candidate,
    Facts,
    Hold,
    Sent,
    age,
    configured,
    decide,
    first_sent,
    has_known_fibrillation,
    same_cluster,
)
from clinical.verdicts import Ground
from config.clinical import load

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
RULES = configured()
BEATS_LEAST = RULES.minimum_duration_without_ecg
GOOD = Candidate(Ground.ECG, timedelta(minutes=10), timedelta(minutes=9))
KNOWN_FACTS = Facts(date(1950, 1, 1), ())
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
SNOMED = "http://snomed.info/sct"


def reasons(candidate: Candidate = GOOD, facts: Facts = KNOWN_FACTS, sent: Sent | None = None):
    return decide(candidate, facts, sent or Sent(), NOW).reasons


def test_a_long_well_recorded_episode_of_an_adult_is_sent() -> None:
    verdict = decide(GOOD, KNOWN_FACTS, Sent(), NOW)
    assert verdict.send
    assert (verdict.reasons, verdict.unknown, verdict.again, verdict.why) == ((), (), None, "")


def test_unknown_facts_are_stated_and_not_assumed() -> None:
    verdict = decide(GOOD, Facts(), Sent(), NOW)
    assert verdict.send
    assert verdict.unknown == ("birth date", "problem list")


@pytest.mark.parametrize(
    ("born", "held"),
    [(date(2004, 6, 1), ()), (date(2004, 6, 2), (Hold.UNDER_AGE,)), (None, ())],
)
def test_nobody_under_22(born: date | None, held: tuple[Hold, ...]) -> None:
    assert reasons(facts=Facts(born, ())) == held


def test_a_birthday_of_29_february_is_on_1_march_in_other_years() -> None:
    assert age(date(2004, 2, 29), date(2026, 2, 28)) == 21
    assert age(date(2004, 2, 29), date(2026, 3, 1)) == 22


@pytest.mark.parametrize(
    ("code", "known"),
    [
        (Code(ICD, "I48"), True),
        (Code(ICD, "I48.91"), True),
        (Code(ICD, "i4819"), True),
        (Code(ICD, "I47.1"), False),
        (Code(SNOMED, "49436004"), True),
        (Code(SNOMED, "282825002"), True),
        (Code(SNOMED, "164889003"), False),
        (Code(SNOMED, "233911009"), True),
        (Code(SNOMED, "5370000"), True),
        (Code(ICD, "I48.92"), True),
        (Code("urn:oid:2.16.840.1.113883.6.90", "I48.0"), True),
        (Code("http://fhir.de/CodeSystem/bfarm/icd-10-gm", "I48.9"), True),
        (Code("urn:oid:2.16.840.1.113883.6.96", "49436004"), True),
        (Code("http://snomed.info/sct/731000124108", "49436004"), True),
        (Code("http://snomed.info/sctid", "49436004"), False),
        (Code("http://hl7.org/fhir/sid/icd-9-cm", "I48.0"), False),
    ],
)
def test_fibrillation_on_the_problem_list(code: Code, known: bool) -> None:
    assert has_known_fibrillation([Code(SNOMED, "38341003"), code]) is known
    assert reasons(facts=Facts(date(1950, 1, 1), (code,))) == ((Hold.KNOWN,) if known else ())


@pytest.mark.parametrize(
    ("changes", "held"),
    [
        ({"duration": timedelta(seconds=119.9), "analysable": None}, Hold.TOO_SHORT),
        ({"analysable": timedelta(seconds=59), "duration": timedelta(seconds=120)}, None),
        ({"analysable": timedelta(minutes=4)}, Hold.TOO_LITTLE_ANALYSED),
        ({"ground": Ground.PULSE}, Hold.PULSE_ONLY),
        ({"ground": Ground.HEART_BEATS, "duration": BEATS_LEAST - SECOND}, Hold.TOO_SHORT),
        ({"ground": Ground.HEART_BEATS, "outweighed": True}, Hold.OUTWEIGHED),
    ],
)
def test_what_the_episode_itself_lacks(changes: dict[str, object], held: Hold | None) -> None:
    expected = held or Hold.TOO_LITTLE_ANALYSED
    assert reasons(replace(GOOD, **changes)) == (expected,)  # type: ignore[arg-type]


def test_a_decider_that_does_not_say_how_much_it_saw_is_not_held_for_it() -> None:
    assert reasons(replace(GOOD, analysable=None)) == ()


def test_cooldown_says_when_it_is_over() -> None:
    verdict = decide(GOOD, KNOWN_FACTS, Sent(last=NOW - HOUR), NOW)
    assert verdict.reasons == (Hold.COOLDOWN,)
    assert verdict.again == NOW - HOUR + RULES.cooldown
    assert decide(GOOD, KNOWN_FACTS, Sent(last=NOW - HOUR), verdict.again).send


def test_budgets_free_themselves_one_by_one() -> None:
    hours = tuple(NOW - n * HOUR for n in (23, 10, 1, 30))
    verdict = decide(GOOD, KNOWN_FACTS, Sent(patient=hours), NOW)
    assert verdict.reasons == (Hold.PATIENT_BUDGET,)
    assert verdict.again == NOW + HOUR
    many = tuple(NOW - timedelta(seconds=n) for n in range(RULES.per_tenant + 1))
    flood = decide(GOOD, KNOWN_FACTS, Sent(tenant=many), NOW)
    assert flood.reasons == (Hold.TENANT_BUDGET,)
    assert flood.again == many[-2] + RULES.window


def test_what_a_person_decided_is_always_sent() -> None:
    sent = Sent(last=NOW, patient=(NOW,) * 9, tenant=(NOW,) * 999)
    assert decide(
        Candidate(Ground.PULSE, timedelta(0), None, settles=True), Facts(), sent, NOW
    ).send


def test_only_time_brings_back_what_only_time_holds() -> None:
    sent = Sent(last=NOW - HOUR)
    verdict = decide(replace(GOOD, ground=Ground.PULSE), KNOWN_FACTS, sent, NOW)
    assert verdict.again is None
    assert "without an ECG; there was news" in verdict.why


def test_heart_beats_alone_are_sent_where_the_site_says_so() -> None:
    beats = replace(GOOD, ground=Ground.HEART_BEATS)
    assert reasons(beats) == ()
    strict = replace(RULES, sent_without_ecg=frozenset())
    assert decide(beats, KNOWN_FACTS, Sent(), NOW, strict).reasons == (Hold.BEATS_ONLY,)
    assert decide(GOOD, KNOWN_FACTS, Sent(), NOW, strict).send


def test_any_ground_may_carry_a_finding() -> None:
    short = decide(replace(GOOD, duration=SECOND), KNOWN_FACTS, Sent(), NOW)
    beats = decide(replace(GOOD, ground=Ground.HEART_BEATS), KNOWN_FACTS, Sent(), NOW)
    assert (first_sent([short, beats]), first_sent([short, short])) == (beats, short)


def test_a_cluster_that_somebody_resolved_is_no_news_while_it_lasts() -> None:
    sent = Sent(resolved=NOW)
    within = decide(replace(GOOD, last_seen=NOW + 24 * HOUR), KNOWN_FACTS, sent, NOW)
    assert (within.reasons, within.again) == ((Hold.SAME_CLUSTER,), None)
    assert reasons(replace(GOOD, last_seen=NOW + 24 * HOUR + SECOND), sent=sent) == ()
    assert reasons(replace(GOOD, last_seen=NOW)) == ()
    assert same_cluster(NOW, NOW + 24 * HOUR)


def test_every_rule_has_a_source_and_every_reason_a_sentence() -> None:
    for part in load("alerting").values():
        assert all(entry["source"] for entry in part.values())
    known = load("known_fibrillation")
    every = (known, *known["classification"], *known["terminology"])
    assert all(part["source"] for part in every)
    assert set(WHY) == set(Hold)


instants = st.lists(st.timedeltas(timedelta(0), timedelta(days=3)), max_size=6).map(
    lambda ages: tuple(NOW - one for one in ages)
)


@given(
    st.sampled_from(Ground),
    st.timedeltas(timedelta(0), timedelta(hours=2)),
    st.none() | st.timedeltas(timedelta(0), timedelta(hours=2)),
    st.none() | st.dates(date(1920, 1, 1), date(2026, 6, 1)),
    st.none() | st.just(()) | st.just((Code(ICD, "I48.0"),)),
    instants,
    instants,
)
def test_it_is_sent_exactly_where_no_reason_holds(
    ground, duration, analysable, born, problems, patient, tenant
) -> None:
    sent = Sent(max(patient, default=None), patient, tenant)
    verdict = decide(Candidate(ground, duration, analysable), Facts(born, problems), sent, NOW)
    assert verdict.send is not bool(verdict.reasons)
    if verdict.again is not None:
        assert verdict.again > NOW
        later = decide(Candidate(ground, duration, analysable), Facts(born, problems), sent,
                       verdict.again)  # fmt: skip
        assert later.send
