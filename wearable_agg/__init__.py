"""The wearable side: a service of its own, with its own API and database."""
