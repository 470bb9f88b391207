"""The real service: connections, the model table, training files, costs, and the ledger of what exists."""
