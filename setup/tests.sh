#!/bin/sh
# The tests, with what is given to pytest. On a build machine a few that fail beside others are tried once more, one at a
# time: what fails again is broken, what passes then is named as unsteady, for somebody to look at.
cd "$(dirname "$0")/.." || exit 1
few=5
.venv/bin/pytest "$@"
code=$?
[ "$code" = 1 ] && [ -n "${CI:-}" ] || exit "$code"
kept=.pytest_cache/v/cache/lastfailed
failed=$(.venv/bin/python -c 'import json, sys; print(len(json.load(open(sys.argv[1]))))' "$kept") || exit 1
[ "$failed" -gt 0 ] && [ "$failed" -le "$few" ] || exit 1
echo '== failed beside others, and once more one at a time; what passes now is unsteady:'
.venv/bin/python -c 'import json, sys; print(*json.load(open(sys.argv[1])), sep="\n")' "$kept"
exec .venv/bin/pytest "$@" -n 0 --last-failed --last-failed-no-failures none
