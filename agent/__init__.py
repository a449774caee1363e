"""Enforcement on the device: sees which programs run, asks the policy, ends what may not run, and stays kind."""
