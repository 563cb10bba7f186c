"""INSERT .. ON CONFLICT in the one form that SQLite and PostgreSQL both understand.

PostgreSQL's construct also compiles for SQLite, the other way round it does not. Conflicts are
named by `index_elements`, never by the name of a constraint.
"""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert

__all__ = ["insert"]
