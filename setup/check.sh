#!/bin/sh
# All checks and the tests; every one runs, so that one failure does not hide another. The tests' own last line is last.
cd "$(dirname "$0")/.." || exit 1
failed=0
for check in 'ruff check' 'ruff format --check' 'mypy'; do
    echo "== $check"
    # shellcheck disable=SC2086 # a command and its words
    .venv/bin/$check || failed=1
done
echo '== pytest'
setup/tests.sh -n 3 -m 'not full and not install' -rs || failed=1
[ "$failed" = 0 ] || echo 'klaswacht: something above failed' >&2
exit "$failed"
