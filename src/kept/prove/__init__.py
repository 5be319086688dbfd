"""Floor 4: controls, evidence, verdicts, and the board that shows them."""
