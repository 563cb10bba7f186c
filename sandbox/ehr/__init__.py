"""A demo EHR: FHIR R4 over SQLite, a SMART authorization server, chart pages, synthetic patients.

Start it with ``python -m sandbox.ehr``; see ``sandbox.ehr.__main__``.
"""
