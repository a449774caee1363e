"""Tricks against the guard, each with its test: what is tried, what the guard does, what remains possible."""
