"""Runs rhythm analysis over streams, embedded in one process, and records what it finds."""
