"""The synthetic patients and their charts."""
