"""Kept runs a privacy policy: promises in one reviewed file, carried out and proven on real systems."""

__version__ = "0.1.0"
