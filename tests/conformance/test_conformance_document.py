"""The document says what the tests prove, and no requirement is left out."""

from __future__ import annotations

import pytest

from tests.conformance import mutate, report


def test_the_document_is_as_generated() -> None:
    written = report.DOCUMENT.read_text("utf-8")
    assert written == report.document(), "run: python -m tests.conformance.report"


def test_all_173_requirements_are_listed() -> None:
    assert len(report.requirements()) == 173


def test_none_is_not_done() -> None:
    known = {*report.tested(), *report.not_applicable()}
    assert [each.id for each in report.requirements() if each.id not in known] == []


def test_none_is_both_tested_and_not_applicable() -> None:
    assert set(report.tested()) & set(report.not_applicable()) == set()


def test_markers_name_known_requirements() -> None:
    assert set(report.tested()) <= {each.id for each in report.requirements()}


def test_every_tested_shall_has_a_mutation() -> None:
    proofs = report.tested()
    broken = {requirement for mutation in mutate.mutations() for requirement in mutation.ids}
    shall = {each.id for each in report.requirements() if each.binding and each.id in proofs}
    assert sorted(shall - broken, key=int) == []


def test_a_mutation_names_tests_of_its_requirements() -> None:
    proofs = report.tested()
    for mutation in mutate.mutations():
        named = {f"tests/conformance/{test}" for test in mutation.tests}
        for requirement in mutation.ids:
            assert named & set(proofs[requirement]), f"{mutation.name}: {requirement}"


@pytest.mark.parametrize("mutation", mutate.mutations(), ids=lambda each: each.name)
def test_the_mutation_fits_the_source(mutation: mutate.Mutation) -> None:
    assert mutation.fault() == ""


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_mutation_is_noticed() -> None:
    assert list(mutate.survivors(mutate.mutations())) == []
