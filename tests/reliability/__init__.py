"""A whole school that runs while something breaks. `docs/reliability.md` is made of what these tests saw."""
