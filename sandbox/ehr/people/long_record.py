"""A patient with a record so long that it comes in pages."""

from __future__ import annotations

from datetime import date
from itertools import cycle, islice
from random import Random

from sandbox.ehr.people import drugs
from sandbox.ehr.people.builders import Chart, Drug, Resource, patient

ORDERS, DAYS = 130, 1090
LONG_TERM = [
    (drugs.METOPROLOL_50, 50, 1),
    (drugs.APIXABAN, 5, 2),
    (drugs.FUROSEMIDE, 40, 1),
    (drugs.SPIRONOLACTONE, 25, 1),
    (drugs.ATORVASTATIN, 40, 1),
    (drugs.PANTOPRAZOLE, 20, 1),
]
RENEWED_EVERY = 60
COURSES = [(drugs.AMOXICILLIN, 500, 3, 7), (drugs.PREDNISONE, 10, 1, 10)]


def rosa_delgado(today: date) -> list[Resource]:
    """Long-term drugs renewed every two months for three years, and short courses between."""
    chart = Chart("rosa-delgado", "Rosa Delgado", today)
    renewals = [_renewal(chart, drug, start) for drug in LONG_TERM for start in _starts()]
    courses = islice(_courses(chart), ORDERS - len(renewals))
    return [
        patient("rosa-delgado", "Rosa", "Delgado", "female", "1943-12-05", "001876"),
        chart.condition("hf", "Heart failure", "84114007", 1300),
        chart.condition("af", "Paroxysmal atrial fibrillation", "282825002", 1120),
        chart.condition("copd", "Chronic obstructive lung disease", "13645005", 2500),
        chart.allergy("asa", "Acetylsalicylic acid", "Wheeze", "high"),
        chart.encounter("today", "Heart failure clinic", 0, 14, "planned"),
        *renewals,
        *courses,
    ]


def _starts() -> range:
    return range(DAYS, 0, -RENEWED_EVERY)


def _renewal(chart: Chart, drug: tuple[Drug, float, int], start: int) -> Resource:
    product, dose, per_day = drug
    end = start - RENEWED_EVERY
    key = f"{product.text.split()[0].lower()}-{start}"
    ended: Resource = {"end": end, "status": "completed"} if end > 0 else {}
    return chart.order(key, product, dose, per_day, start, supply_days=RENEWED_EVERY, **ended)


def _courses(chart: Chart) -> list[Resource]:
    random = Random(1876)
    orders = []
    for number, (drug, dose, per_day, days) in enumerate(islice(cycle(COURSES), ORDERS)):
        start = random.randrange(days + 5, DAYS)
        key = f"course-{number}"
        end = start - days
        orders.append(chart.order(key, drug, dose, per_day, start, end=end, status="completed"))
    return orders
