"""Controls other than the retention count: one module per family, each from policy and evidence to a verdict.

No control says `kept` without a positive control: a check that could not have failed proves nothing.
"""
