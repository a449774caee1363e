"""A school's worst minute on a real guard, slow clients beside a good one, and more than it can carry."""
