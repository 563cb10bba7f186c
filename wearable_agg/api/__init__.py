"""The backend's HTTP API, the pages on which patients link wearables, and the vendors' webhooks."""
