"""Floor 4: systems: each describes, counts, reads, applies, verifies."""
