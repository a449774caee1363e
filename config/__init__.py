"""Factory defaults and texts: YAML to policy nouns, codes to sentences."""
