"""Floor 1: what is stored where, as values: what a database says of itself and what the policy says of it."""
