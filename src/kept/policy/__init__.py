"""Floor 1: the policy file: its values, its loader, its findings, its checks, its prose."""
