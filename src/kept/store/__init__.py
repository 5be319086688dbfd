"""Floor 5: Kept's own database and keys."""
