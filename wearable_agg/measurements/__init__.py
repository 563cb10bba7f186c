"""Canonical types, units and codes: what one measurement is."""
