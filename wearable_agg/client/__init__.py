"""The one client of the backend's API."""
