"""Enforcement on the device."""
