"""Google Health API v4, simulated under /google-health."""
