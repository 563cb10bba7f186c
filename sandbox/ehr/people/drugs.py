"""The drugs of the synthetic charts.

RxNorm: clinical drug where its code was checked, else the ingredient's. ATC: WHO Collaborating
Centre for Drug Statistics Methodology. A code we are not sure of is left out.
"""

from __future__ import annotations

from sandbox.ehr.people.builders import Drug

ALLOPURINOL = Drug("Allopurinol 100 mg oral tablet", "519", "M04AA01")
AMLODIPINE = Drug("Amlodipine 5 mg oral tablet", "17767", "C08CA01")
APIXABAN = Drug("Apixaban 5 mg oral tablet", "1364445", "B01AF02")
ATORVASTATIN = Drug("Atorvastatin 40 mg oral tablet", "83367", "C10AA05")
BISOPROLOL_2 = Drug("Bisoprolol 2.5 mg oral tablet", "19484", "C07AB07")
BISOPROLOL_5 = Drug("Bisoprolol 5 mg oral tablet", "19484", "C07AB07")
DIGOXIN = Drug("Digoxin 125 microgram oral tablet", "3407", "C01AA05", unit="ug")
DILTIAZEM = Drug("Diltiazem ER 120 mg oral capsule", "830861", "C08DB01")
FUROSEMIDE = Drug("Furosemide 40 mg oral tablet", "4603", "C03CA01")
LEVOTHYROXINE = Drug("Levothyroxine 75 microgram oral tablet", "10582", "H03AA01", unit="ug")
LISINOPRIL = Drug("Lisinopril 10 mg oral tablet", "314076", "C09AA03")
METFORMIN = Drug("Metformin 500 mg oral tablet", "6809", "A10BA02")
METOPROLOL_25 = Drug("Metoprolol succinate ER 25 mg oral tablet", "866427", "C07AB02")
METOPROLOL_50 = Drug("Metoprolol succinate ER 50 mg oral tablet", "866436", "C07AB02")
METOPROLOL_100 = Drug("Metoprolol succinate ER 100 mg oral tablet", "866412", "C07AB02")
PANTOPRAZOLE = Drug("Pantoprazole 20 mg oral tablet", "40790", "A02BC02")
RAMIPRIL = Drug("Ramipril 5 mg oral tablet", "35296", "C09AA05")
RIVAROXABAN = Drug("Rivaroxaban 20 mg oral tablet", "1114195", "B01AF01")
SERTRALINE = Drug("Sertraline 50 mg oral tablet", "312941", "N06AB06")
SPIRONOLACTONE = Drug("Spironolactone 25 mg oral tablet", "9997", "C03DA01")
WARFARIN = Drug("Warfarin 2.5 mg oral tablet", "11289", "B01AA03")
AMOXICILLIN = Drug("Amoxicillin 500 mg oral capsule", "723", "J01CA04")
PARACETAMOL = Drug("Paracetamol 500 mg oral tablet", "161", "N02BE01")
PREDNISONE = Drug("Prednisone 5 mg oral tablet", "8640", "H02AB07")
HERBAL = Drug("St John's wort tea (bought without prescription)", unit="cup")
