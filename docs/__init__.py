"""The documents, and the generator of the reference."""
