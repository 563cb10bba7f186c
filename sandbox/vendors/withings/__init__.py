"""Withings Public API, simulated under /withings."""
