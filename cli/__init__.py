"""Composition: the `klaswacht` command; starts and wires everything."""

import sys

if sys.version_info < (3, 13):  # noqa: UP036 - who starts it by hand with an old Python deserves a sentence
    sys.exit("klaswacht: needs python 3.13 or newer; start it with `make run`, or as `.venv/bin/klaswacht`")
