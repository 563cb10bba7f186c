"""The synthetic patients. All people are made up; days are counted back from the first start."""

from __future__ import annotations

from datetime import date

from sandbox.ehr.people import drugs
from sandbox.ehr.people.builders import (
    DOCTOR,
    UCUM,
    Chart,
    Drug,
    Resource,
    concept,
    dose_changes,
    patient,
    practitioner,
)
from sandbox.ehr.people.long_record import rosa_delgado

RESTRICTED = (("MedicationStatement", "peter-novak"), ("Condition", "peter-novak"))
"""Resource types the hospital keeps from apps, by patient."""

CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
WITHHELD = {"security": [{"system": CONFIDENTIALITY, "code": "R"}]}


def all_charts(today: date) -> list[Resource]:
    """Every resource the demo starts with, referenced ones first."""
    charts = (
        marit_solheim,
        jonas_berg,
        amara_okafor,
        elena_rossi,
        li_wei,
        peter_novak,
        rosa_delgado,
    )
    staff = [practitioner("ingrid-lind", "Dr", "Ingrid", "Lind")]
    return staff + [resource for chart in charts for resource in chart(today)]


def marit_solheim(today: date) -> list[Resource]:
    """Palpitations, rate control titrated over ten weeks; no fibrillation known."""
    chart = Chart("marit-solheim", "Marit Solheim", today)
    metoprolol = [
        (drugs.METOPROLOL_25, 25, 70),
        (drugs.METOPROLOL_50, 50, 41),
        (drugs.METOPROLOL_100, 100, 14),
    ]
    return [
        patient("marit-solheim", "Marit", "Solheim", "female", "1958-03-14", "004417"),
        chart.condition("palpitations", "Palpitations", "80313002", 88),
        chart.condition("embolism", "Pulmonary embolism", "59282003", 52),
        chart.condition("htn", "Essential hypertension", "59621000", 2900),
        chart.condition("dep", "Depressive episode", "35489007", 60),
        chart.allergy("penicillin", "Penicillin", "Urticaria"),
        chart.encounter("visit-1", "Cardiology, new referral", 84, 10, "finished"),
        chart.encounter("visit-2", "Cardiology, follow-up", 41, 9, "finished"),
        chart.encounter("today", "Cardiology, follow-up", 0, 8, "in-progress"),
        chart.order("lisinopril", drugs.LISINOPRIL, 10, 1, 300, supply_days=365),
        chart.order(
            "diltiazem",
            drugs.DILTIAZEM,
            120,
            1,
            84,
            end=70,
            status="stopped",
            reason="Ankle swelling; changed to metoprolol",
        ),
        *dose_changes(chart, "metoprolol", metoprolol, 1, "Dose increased for rate control"),
        chart.order("apixaban", drugs.APIXABAN, 5, 2, 52, supply_days=180),
        chart.statement("sertraline", drugs.SERTRALINE, 50, 1, 28),
    ]


def jonas_berg(today: date) -> list[Resource]:
    """Heart failure and permanent atrial fibrillation; warfarin changed to rivaroxaban."""
    chart = Chart("jonas-berg", "Jonas Berg", today)
    return [
        patient("jonas-berg", "Jonas", "Berg", "male", "1949-07-02", "003092"),
        chart.condition("hf", "Heart failure", "84114007", 1400),
        chart.condition("af", "Permanent atrial fibrillation", "440028005", 1100),
        chart.condition("gout", "Gout", "90560007", 2300),
        chart.allergy("contrast", "Iodinated contrast", "Bronchospasm", "high"),
        chart.encounter("visit-1", "Heart failure clinic", 120, 11, "finished"),
        chart.encounter("today", "Heart failure clinic", 0, 9, "in-progress"),
        chart.order(
            "warfarin",
            drugs.WARFARIN,
            2.5,
            1,
            1090,
            end=118,
            status="stopped",
            reason="Unstable INR; changed to rivaroxaban",
        ),
        chart.order("rivaroxaban", drugs.RIVAROXABAN, 20, 1, 118, supply_days=365),
        *dose_changes(
            chart,
            "bisoprolol",
            [(drugs.BISOPROLOL_2, 2.5, 400), (drugs.BISOPROLOL_5, 5, 120)],
            1,
            "Dose increased",
        ),
        *dose_changes(
            chart,
            "furosemide",
            [(drugs.FUROSEMIDE, 40, 350), (drugs.FUROSEMIDE, 80, 33), (drugs.FUROSEMIDE, 40, 12)],
            1,
            "Dose changed for weight",
        ),
        chart.order("digoxin", drugs.DIGOXIN, 125, 1, 260, end=119, status="stopped"),
        chart.order("allopurinol", drugs.ALLOPURINOL, 100, 1, 700, status="on-hold"),
    ]


def amara_okafor(today: date) -> list[Resource]:
    """Palpitations under investigation, diabetes; one order entered by mistake."""
    chart = Chart("amara-okafor", "Amara Okafor", today)
    return [
        patient("amara-okafor", "Amara", "Okafor", "female", "1971-11-23", "005210"),
        chart.condition("palpitations", "Palpitations", "80313002", 45),
        chart.condition("t2d", "Type 2 diabetes mellitus", "44054006", 1250),
        chart.encounter("visit-1", "Cardiology, new referral", 30, 13, "finished"),
        chart.encounter("today", "Cardiology, follow-up", 0, 10, "planned"),
        *dose_changes(
            chart,
            "metformin",
            [(drugs.METFORMIN, 500, 540), (drugs.METFORMIN, 1000, 200)],
            2,
            "Dose increased",
        ),
        chart.order("atorvastatin", drugs.ATORVASTATIN, 40, 1, 310, supply_days=365),
        chart.order("metoprolol", drugs.METOPROLOL_25, 25, 1, 30),
        chart.order(
            "warfarin",
            drugs.WARFARIN,
            2.5,
            1,
            29,
            status="entered-in-error",
            reason="Wrong patient",
        ),
        chart.order("sertraline", drugs.SERTRALINE, 50, 1, 6, status="draft"),
    ]


def elena_rossi(today: date) -> list[Resource]:
    """One drug by reference, one contained in its order, one without codes."""
    chart = Chart("elena-rossi", "Elena Rossi", today)
    magnesium = Drug("Magnesium citrate 300 mg")
    inner = {"resourceType": "Medication", "id": "mix", "code": magnesium.concept()}
    return [
        patient("elena-rossi", "Elena", "Rossi", "female", "1964-05-30", "006633"),
        {
            "resourceType": "Medication",
            "id": "apixaban-5",
            "code": drugs.APIXABAN.concept(),
            "status": "active",
        },
        chart.condition("af", "Paroxysmal atrial fibrillation", "282825002", 400),
        chart.condition("thyroid", "Hypothyroidism", "40930008", 2000),
        chart.encounter("today", "Cardiology, follow-up", 0, 11, "planned"),
        chart.order(
            "apixaban",
            drugs.APIXABAN,
            5,
            2,
            390,
            medicationReference={"reference": "Medication/apixaban-5"},
        ),
        chart.order(
            "magnesium",
            magnesium,
            300,
            1,
            95,
            contained=[inner],
            medicationReference={"reference": "#mix"},
        ),
        chart.order("levothyroxine", drugs.LEVOTHYROXINE, 75, 1, 800),
        chart.statement("tea", drugs.HERBAL, 1, 2, 50),
        _dispense(chart, "apixaban", 30),
    ]


def li_wei(today: date) -> list[Resource]:
    """No medications at all."""
    chart = Chart("li-wei", "Wei Li", today)
    return [
        patient("li-wei", "Wei", "Li", "male", "1986-09-08", "007125"),
        chart.condition("syncope", "Syncope", "271594007", 20),
        chart.encounter("today", "Cardiology, new referral", 0, 12, "planned"),
    ]


def peter_novak(today: date) -> list[Resource]:
    """Part of the record is kept from apps: two types forbidden, one order withheld."""
    chart = Chart("peter-novak", "Peter Novak", today)
    return [
        patient("peter-novak", "Peter", "Novak", "male", "1977-01-19", "004980"),
        chart.condition("htn", "Essential hypertension", "59621000", 900),
        chart.encounter("today", "Cardiology, follow-up", 0, 13, "planned"),
        chart.order("ramipril", drugs.RAMIPRIL, 5, 1, 420, supply_days=365),
        chart.order("amlodipine", drugs.AMLODIPINE, 5, 1, 150),
        chart.order("restricted", drugs.SERTRALINE, 50, 1, 100, meta=WITHHELD),
        chart.statement("paracetamol", drugs.PARACETAMOL, 1000, 2, 25),
    ]


def _dispense(chart: Chart, key: str, days_ago: int) -> Resource:
    return {
        "resourceType": "MedicationDispense",
        "id": f"{chart.patient}-{key}-dispense",
        "status": "completed",
        "category": concept("medicationdispense-category", "outpatient"),
        "medicationReference": {"reference": "Medication/apixaban-5"},
        "subject": chart.subject,
        "authorizingPrescription": [{"reference": f"MedicationRequest/{chart.patient}-{key}"}],
        "performer": [{"actor": DOCTOR}],
        "quantity": {"value": 168, "unit": "tablet"},
        "daysSupply": {"value": 84, "unit": "d", "system": UCUM, "code": "d"},
        "whenHandedOver": chart.moment(days_ago, 15),
    }
