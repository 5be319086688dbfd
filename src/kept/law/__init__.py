"""Floor 0: the words of the law and its dates. Nothing here does I/O or reads a clock."""
