"""Texts for people, German and English, keyed."""
