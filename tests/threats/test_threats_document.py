from __future__ import annotations

from tests.threats.report import DOCUMENT, document, model, proofs_by_threat


def test_the_document_is_as_generated() -> None:
    assert DOCUMENT.read_text("utf-8") == document(), "run python -m tests.threats.report"


def test_all_48_attacks_are_listed() -> None:
    assert [threat.id for threat in model()] == [f"T{number:02}" for number in range(1, 49)]


def test_every_attack_is_tested_or_owed() -> None:
    proofs = proofs_by_threat()
    assert [each.id for each in model() if not proofs.get(each.id) and not each.owed_by] == []


def test_an_attack_that_is_tested_in_part_says_what_is_owed() -> None:
    proofs = proofs_by_threat()
    partly = [each for each in model() if each.owed_by and proofs.get(each.id)]
    assert [each.id for each in partly if not each.owed] == []


def test_markers_name_known_attacks() -> None:
    assert proofs_by_threat().keys() <= {threat.id for threat in model()}
