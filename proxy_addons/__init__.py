"""Enforcement on the network."""
