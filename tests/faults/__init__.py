"""Everything that runs while somebody surfs, broken on purpose."""
