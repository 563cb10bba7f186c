"""The FHIR R4 server: storage, search, writes, bundles, access rules, HTTP routes."""
