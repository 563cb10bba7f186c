"""Google Health API v4."""
