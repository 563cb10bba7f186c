"""The EHR side: SMART App Launch, Backend Services, FHIR reads and write adapters."""
