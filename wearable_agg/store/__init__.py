"""Tables, transactions and migrations of the aggregation backend."""
