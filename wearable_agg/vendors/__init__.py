"""One module per wearable vendor: authorize, fetch, parse.

Nothing else knows a vendor's field names.
"""
