"""Floor 6: where rooms are wired to each other, and nowhere else."""
