"""The hospital's IT: adding an EHR to the registry, and checking that it works."""
