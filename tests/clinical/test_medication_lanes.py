from datetime import UTC, date, datetime, timedelta

import pytest

from clinical.medications import Code, DrugClass, Ending, Lane, Order, Source, lanes
from clinical.medications.grouping import display_name

TODAY = date(2026, 11, 20)
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC = "http://www.whocc.no/atc"


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def order(
    identity: str = "1",
    *,
    name: str = "metoprolol succinate 50 MG Oral Tablet",
    status: str = "active",
    start: date | None = None,
    **facts: object,
) -> Order:
    said = {"intent": "order", "amount": 50.0, "unit": "mg", "per_day": 1.0, **facts}
    return Order(identity, name, status, start=start, **said)  # type: ignore[arg-type]


def one(*orders: Order) -> Lane:
    (lane,) = lanes(orders, TODAY)
    return lane


def test_consecutive_doses_become_segments_of_one_lane() -> None:
    lane = one(
        order("a", amount=25.0, status="completed", start=ago(70), end=ago(42)),
        order("b", amount=50.0, status="completed", start=ago(41), end=ago(15)),
        order("c", amount=100.0, start=ago(14)),
    )
    assert [s.label for s in lane.segments] == ["25 mg", "50 mg", "100 mg"]
    assert [s.end for s in lane.segments] == [ago(41), ago(14), None]
    assert [s.strength for s in lane.segments] == [0.25, 0.5, 1.0]
    assert lane.segments[-1].ending is Ending.ONGOING


def test_an_end_on_the_day_of_the_next_dose_is_no_overlap() -> None:
    lane = one(
        order("a", amount=25.0, status="stopped", start=ago(70), end=ago(41)),
        order("b", start=ago(41)),
    )
    assert [(s.label, s.start, s.end) for s in lane.segments] == [
        ("25 mg", ago(70), ago(41)),
        ("50 mg", ago(41), None),
    ]


def test_two_active_orders_are_taken_side_by_side() -> None:
    lane = one(order("a", start=ago(30)), order("b", amount=25.0, start=ago(10)))
    assert [s.label for s in lane.segments] == ["50 mg", "50 mg + 25 mg"]
    assert lane.segments[1].strength == 1.0


def test_an_order_named_as_replaced_ends_where_its_replacement_begins() -> None:
    lane = one(order("a", start=ago(30)), order("b", amount=25.0, start=ago(10), replaces="a"))
    assert [(s.label, s.end) for s in lane.segments] == [("50 mg", ago(10)), ("25 mg", None)]


def test_a_dose_replaced_on_its_first_day_is_not_drawn() -> None:
    lane = one(order("a", start=ago(5)), order("b", amount=25.0, start=ago(5), replaces="a"))
    assert [s.label for s in lane.segments] == ["25 mg"]


def test_a_renewal_of_the_same_dose_is_no_dose_change() -> None:
    lane = one(
        order("a", status="completed", start=ago(90), end=ago(31)), order("b", start=ago(30))
    )
    (segment,) = lane.segments
    assert (segment.start, segment.end, segment.orders) == (ago(90), None, ("a", "b"))


def test_a_pause_between_two_orders_stays_a_pause() -> None:
    lane = one(
        order("a", status="completed", start=ago(90), end=ago(60)), order("b", start=ago(30))
    )
    assert [(s.start, s.end) for s in lane.segments] == [(ago(90), ago(59)), (ago(30), None)]


def test_stopped_without_a_date_has_an_unknown_end() -> None:
    (segment,) = one(order(status="stopped", start=ago(30))).segments
    assert (segment.end, segment.ending) == (None, Ending.UNKNOWN)
    assert "date not recorded" in segment.remark


def test_stopped_before_its_planned_end_has_an_unknown_end() -> None:
    (segment,) = one(order(status="stopped", start=ago(30), end=ago(-60))).segments
    assert segment.ending is Ending.UNKNOWN


def test_stopped_without_a_date_is_drawn_to_the_next_dose() -> None:
    lane = one(order("a", amount=25.0, status="stopped", start=ago(30)), order("b", start=ago(10)))
    assert lane.segments[0].end == ago(10)
    assert "drawn to the next dose" in lane.segments[0].remark


def test_active_past_its_end_date_ends_there_and_says_so() -> None:
    (segment,) = one(order(start=ago(30), end=ago(20))).segments
    assert segment.end == ago(19)
    assert "still active in the chart" in segment.remark


def test_an_order_without_a_start_is_drawn_from_the_day_it_was_written() -> None:
    written = datetime(2026, 10, 1, 9, tzinfo=UTC)
    (segment,) = one(order(authored=written)).segments
    assert segment.start == date(2026, 10, 1)
    assert "order date" in segment.remark


def test_a_statement_without_a_start_began_on_an_unknown_day() -> None:
    asserted = datetime(2026, 10, 1, 9, tzinfo=UTC)
    (segment,) = one(order(source=Source.REPORTED, authored=asserted)).segments
    assert segment.start is None


def test_what_was_never_taken_is_left_out() -> None:
    untaken = ["entered-in-error", "draft", "cancelled", "not-taken", "intended"]
    thoughts = ["proposal", "plan", "option"]
    orders = [order(status=status, start=None) for status in untaken]
    orders += [order(intent=intent, start=ago(3)) for intent in thoughts]
    assert lanes(orders, TODAY) == []


def test_on_hold_is_said() -> None:
    (segment,) = one(order(status="on-hold", start=ago(30))).segments
    assert (segment.status, segment.remark) == ("on-hold", "on hold")


def test_a_future_start_is_kept() -> None:
    (segment,) = one(order(start=ago(-7))).segments
    assert segment.start == ago(-7)


def test_the_reason_for_stopping_is_kept() -> None:
    (segment,) = one(
        order(status="stopped", start=ago(30), end=ago(2), reason_stopped="bradycardia")
    ).segments
    assert segment.remark == "stopped: bradycardia"


def test_code_and_name_of_one_ingredient_share_a_lane() -> None:
    by_code = order("a", name="Selo-Zok 25", codes=(Code(ATC, "C07AB02"),), start=ago(60))
    by_name = order("b", name="24 HR metoprolol succinate 50 MG", start=ago(20))
    assert one(by_code, by_name).drug_class is DrugClass.RATE_CONTROL


def test_unlisted_drugs_are_grouped_without_strength_form_and_salt() -> None:
    lane = one(
        order("a", name="Sertraline 50 MG Oral Tablet", status="completed", start=ago(9)),
        order("b", name="sertraline hydrochloride 100 mg", amount=100.0, start=ago(3)),
    )
    assert len(lane.segments) == 2
    assert lane.drug_class is DrugClass.OTHER


def test_classes_follow_code_group_and_exception() -> None:
    def class_of(name: str, *codes: Code) -> DrugClass:
        return one(order(name=name, codes=codes, start=ago(3))).drug_class

    assert class_of("Eliquis", Code(RXNORM, "1364430")) is DrugClass.ANTICOAGULANT
    assert class_of("Emconcor", Code(ATC, "C07AB99")) is DrugClass.RATE_CONTROL
    assert class_of("Sotalol 80 mg") is DrugClass.ANTIARRHYTHMIC
    assert class_of("Lisinopril 10 mg") is DrugClass.OTHER


def test_lanes_are_sorted_by_relevance_then_start() -> None:
    names = ["Lisinopril", "Amiodarone", "Diltiazem ER", "Metoprolol", "Apixaban"]
    orders = [order(n, name=n, start=ago(index)) for index, n in enumerate(names)]
    drawn = [lane.name for lane in lanes(orders, TODAY)]
    assert drawn == ["Apixaban", "Metoprolol", "Diltiazem ER", "Amiodarone", "Lisinopril"]


def test_a_statement_that_agrees_with_the_order_needs_no_lane() -> None:
    lane = one(order("a", start=ago(9)), order("b", start=ago(8), source=Source.REPORTED))
    assert lane.source is Source.ORDERED
    assert lane.remarks == ("patient reports taking it",)


def test_a_statement_that_disagrees_has_a_lane_of_its_own() -> None:
    said = order("b", amount=25.0, start=ago(8), source=Source.REPORTED)
    drawn = lanes([order("a", start=ago(9)), said], TODAY)
    assert [lane.source for lane in drawn] == [Source.ORDERED, Source.REPORTED]


def test_doses_that_do_not_compare_are_drawn_alike() -> None:
    lane = one(
        order("a", amount=1.0, unit="tablet", status="completed", start=ago(9), end=ago(5)),
        order("b", start=ago(4)),
    )
    assert [s.strength for s in lane.segments] == [1.0, 1.0]


def test_dose_labels_say_how_often() -> None:
    def label(**facts: object) -> str:
        return one(order(start=ago(1), **facts)).segments[0].label

    assert label(amount=5.0, per_day=2.0) == "5 mg BID"
    assert label(per_day=0.5) == "50 mg every 2 days"
    assert label(as_needed=True) == "50 mg PRN"
    assert label(amount=None, dosage="as directed") == "as directed"
    assert label(amount=None) == "dose not stated"


@pytest.mark.parametrize("strength", ["125 microgram", "125 micrograms", "125 mcg", "125 µg"])
def test_a_strength_in_micrograms_is_no_part_of_the_name(strength: str) -> None:
    named = Order("1", f"Digoxin {strength} oral tablet", "active", start=date(2026, 1, 1))
    assert display_name(named) == "Digoxin"
