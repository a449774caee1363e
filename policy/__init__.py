"""The decision point: pure nouns and functions, no I/O, no clock, no sentence for humans."""
