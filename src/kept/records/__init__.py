"""Floor 4: the ledger."""
