"""Simulators of two wearable vendors, Google Health and Withings, as strict as the real ones."""
