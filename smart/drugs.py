"""Which drug it is: from a concept, or from a Medication that is contained or read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from clinical.medications import Code
from smart.lenient import mapping, mappings, text, words_of

UNNAMED = "Drug without a readable name"


class Drug(NamedTuple):
    """A drug by name and codes; `name` is "" where nothing says it."""

    name: str
    codes: tuple[Code, ...] = ()
    ingredients: tuple[Code, ...] = ()


def drug_of_concept(concept: object) -> Drug:
    """A CodeableConcept as a drug."""
    return Drug(words_of(concept), codes_of(concept))


def drug_of_medication(medication: Mapping[str, Any]) -> Drug:
    """A Medication as a drug; one without a name of its own is called by its ingredients."""
    drug = drug_of_concept(medication.get("code"))
    parts = [
        drug_of_concept(ingredient.get("itemCodeableConcept"))
        for ingredient in mappings(medication.get("ingredient"))
    ]
    name = drug.name or " / ".join(part.name for part in parts if part.name)
    return Drug(name, drug.codes, tuple(code for part in parts for code in part.codes))


def contained_medication(resource: Mapping[str, Any], reference: str) -> dict[str, Any] | None:
    """The contained Medication that "#id" points to."""
    return next(
        (
            inner
            for inner in mappings(resource.get("contained"))
            if inner.get("resourceType") == "Medication" and f"#{inner.get('id')}" == reference
        ),
        None,
    )


def codes_of(concept: object) -> tuple[Code, ...]:
    """The codes of a CodeableConcept."""
    return tuple(
        [
            _code(text(coding.get("system")), code, text(coding.get("display")))
            for coding in mappings(mapping(concept).get("coding"))
            if (code := text(coding.get("code")))
        ]
    )


_code = lru_cache(maxsize=4096)(Code)  # a chart says the same codes again and again
