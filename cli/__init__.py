"""Composition: the `klaswacht` command starts and wires everything."""
