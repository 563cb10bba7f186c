"""The durable inbox: what vendors send or answer is kept first and understood later."""
