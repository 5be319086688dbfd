"""Floor 4: evaluators of the same steps: measure, apply, verify."""
