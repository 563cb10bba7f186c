from safeguards import audit
from wearable_agg.store.audit_tables import audit as audit_rows
from wearable_agg.store.database import open_database, writing


def test_the_audit_row_falls_with_its_transaction(tmp_path):
    engine = open_database(tmp_path / "a.db")
    audit_rows.create(engine)
    entry = {"tenant": "t", "actor": "a", "action": "read", "entity": "e", "detail": {}}
    with engine.connect() as connection:
        audit.record(connection, **entry)
        connection.rollback()
    with writing(engine) as connection:
        audit.record(connection, **entry)
    with engine.connect() as connection:
        assert len(connection.execute(audit_rows.select()).all()) == 1
