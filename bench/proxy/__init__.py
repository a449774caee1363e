"""What the data path costs beside its peers: see `python -m bench.proxy --help` and `bench/README.md`."""
