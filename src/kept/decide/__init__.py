"""Floor 2: what stands about a person, what is decided, which rows are reached, and the plan. Pure."""
