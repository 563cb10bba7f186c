"""Withings Public API."""
