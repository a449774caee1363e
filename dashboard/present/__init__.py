"""Nouns to finished strings and flags; templates only loop and print."""
