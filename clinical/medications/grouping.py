"""Which orders are about the same drug, what that drug is for, and what it is called."""

import re
from functools import cache
from typing import Any

from clinical.medications.model import Code, DrugClass, Order
from config.clinical import load

_AMOUNT_FIRST = re.compile(r"^\d[\d.]*\s*(hr|ml)\s+", re.IGNORECASE)
_STRENGTH_ON = re.compile(
    r"[\s,(]+\d[\d.,/]*\s*(mg|mcg|micrograms?|microg|µg|μg|ug|g|ml|iu|units?|mmol|%).*$",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"[\[(][^\])]*[\])]?")
_FORM_ON = re.compile(
    r"[\s,]+(oral|tablets?|capsules?|film|injection|solution|prolonged|extended|depot)\b.*$",
    re.IGNORECASE,
)
_EXTENDED = re.compile(
    r"\b(extended|prolonged)[ -]release\b|\b(ER|XR|XL|SR)\b|\bdepot", re.IGNORECASE
)
_RELEASE = re.compile(r"\s+(er|xr|xl|sr|depot)$", re.IGNORECASE)
_SALTS = frozenset(
    [
        "succinate",
        "tartrate",
        "hydrochloride",
        "hcl",
        "besylate",
        "maleate",
        "mesylate",
        "fumarate",
        "sodium",
        "potassium",
        "calcium",
        "etexilate",
        "acetate",
        "sulfate",
        "phosphate",
    ]
)


def display_name(order: Order) -> str:
    """The drug without strength and form: "Metoprolol succinate", "Diltiazem ER"."""
    name = _without_strength(order.name) or order.name.strip() or "Unnamed drug"
    if _EXTENDED.search(order.name) and not _RELEASE.search(name):
        name += " ER"
    return name[:1].upper() + name[1:]


def drug_key(order: Order) -> str:
    """Equal for orders of one ingredient: by code where one is known, else by name."""
    listed = _listed_drug(order)
    if listed:
        return listed
    if order.ingredients:
        return " ".join(sorted(f"{code.system}|{code.code}" for code in order.ingredients))
    return _plain(order.name)


def drug_class(order: Order) -> DrugClass:
    """The class in config/clinical/drug_classes.toml; OTHER where the drug is not listed."""
    facts = _facts()
    listed = _listed_drug(order)
    if listed:
        return DrugClass(facts["drugs"][listed]["class"])
    for code in _all_codes(order):
        if code.system == facts["systems"]["atc"]:
            for group, name in facts["atc_groups"].items():
                if code.code.startswith(group):
                    return DrugClass(name)
    return DrugClass.OTHER


def _listed_drug(order: Order) -> str | None:
    by_code = _drugs_by_code()
    for code in _all_codes(order):
        if (code.system, code.code) in by_code:
            return by_code[code.system, code.code]
    words = _plain(order.name).replace("/", " ").replace("-", " ").split()
    return next((word for word in words if word in _facts()["drugs"]), None)


def _all_codes(order: Order) -> tuple[Code, ...]:
    return (*order.ingredients, *order.codes)


def _without_strength(name: str) -> str:
    text = _AMOUNT_FIRST.sub("", " ".join(name.split()))
    text = _STRENGTH_ON.sub("", text)
    return _FORM_ON.sub("", _BRACKETS.sub("", text)).strip(" ,-")


def _plain(name: str) -> str:
    words = _RELEASE.sub("", _without_strength(name).lower()).split()
    return " ".join(word for index, word in enumerate(words) if not index or word not in _SALTS)


def _facts() -> dict[str, Any]:
    return load("drug_classes")


@cache
def _drugs_by_code() -> dict[tuple[str, str], str]:
    facts = _facts()
    return {
        (uri, drug[system]): name
        for name, drug in facts["drugs"].items()
        for system, uri in facts["systems"].items()
        if system in drug
    }
