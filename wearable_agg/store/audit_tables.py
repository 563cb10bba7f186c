"""The backend's audit trail, in the same file as what it speaks of."""

from __future__ import annotations

from safeguards.audit import audit_table
from wearable_agg.store.metadata import metadata

audit = audit_table(metadata)
