"""HIPAA's technical safeguards, used by every room."""
