#!/bin/sh
# Pins what the project needs, with hashes: requirements/run.txt (to run) and requirements/test.txt (to run and test).
# For whoever maintains the project; needs `uv`, from PATH or from the project's own environment.
#     setup/pin.sh             keeps the versions that still fit pyproject.toml
#     setup/pin.sh --upgrade   takes the newest ones
set -eu
cd "$(dirname "$0")/.."
uv=$(command -v uv || echo .venv/bin/uv)

pin() {
    output=$1
    shift
    # No header and no annotations: nothing of the machine that pinned, and no address, ends up in the files.
    # The versions are chosen for Linux; the hashes are of every file of a version, so they hold on every processor.
    "$uv" pip compile --quiet --python-platform linux --python-version 3.13 --generate-hashes --no-emit-index-url --no-annotate \
        --no-header --output-file "$output" "$@" >/dev/null
    echo "$output: $(grep -c '==' "$output") packages"
}

pin requirements/run.txt pyproject.toml requirements/build.in "$@"
pin requirements/test.txt pyproject.toml requirements/build.in --group test --constraints requirements/run.txt "$@"
pin requirements/uv.txt requirements/uv.in "$@"
