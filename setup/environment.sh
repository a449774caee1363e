#!/bin/sh
# Makes the project's environment in .venv, with exactly the pinned packages, and installs the project in it.
#     setup/environment.sh run     what it takes to run
#     setup/environment.sh test    and what it takes to test
# Done before for the same pins: it ends at once. Exit 1, with one command to run, when it cannot be done.
set -eu
cd "$(dirname "$0")/.."
kind=${1:-run}
goal=${2:-setup}

# The place is part of the stamp: an environment that was moved does not work.
stamp() { { pwd; cat "requirements/$1.txt" pyproject.toml; } | sha256sum | cut -d' ' -f1; }
is_done() { [ "$(cat ".venv/klaswacht-$1.stamp" 2>/dev/null)" = "$(stamp "$1")" ] && .venv/bin/python -c '' 2>/dev/null; }
if is_done "$kind"; then exit 0; fi

. setup/find.sh
trap return_uv EXIT
if ! (: >.klaswacht-writable) 2>/dev/null; then
    say "cannot write in $(pwd): run make as the owner of this folder, or clone the project elsewhere"
    exit 1
fi
rm -f .klaswacht-writable

choose_python() {
    python=$(find_python) && return 0
    say "$(oldest_words), so Python $WANTED is fetched with uv (once)"
    if [ "${KLASWACHT_MAY_INSTALL:-}" = 1 ] && ! get_uv; then
        { apt update && apt install -y python3-venv; } >&2 || true
        return_uv
    fi
    why=
    if get_uv; then
        why=$("$uv" python install --no-config "$WANTED" 2>&1 >/dev/null) &&
            python=$("$uv" python find --system --no-config ">=$WANTED") && return 0
        why=$(printf '%s\n' "$why" | tail -n 1 | sed 's/^ *cause: //')
    fi
    advise_python "$goal" "$why"
    return 1
}

# Debian packs ensurepip apart from venv; then the environment has no pip of its own, and another's must do.
make_environment() {
    if .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 13))' 2>/dev/null &&
        [ "$(cat .venv/klaswacht-place 2>/dev/null || pwd)" = "$(pwd)" ]; then
        return 0
    fi
    rm -rf .venv
    say "making the environment in .venv with $("$python" --version) ($python)"
    "$python" -m venv .venv >/dev/null 2>&1 && return 0
    rm -rf .venv
    "$python" -m venv --without-pip .venv
}

pip_of() { "$1" -m pip --version >/dev/null 2>&1; }

choose_installer() {
    if find_uv >/dev/null; then
        installer=uv
    elif pip_of .venv/bin/python; then
        installer=own
    elif get_uv; then
        installer=uv
    else
        package=$(apt_has "python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv" || echo python3-venv)
        say "$python comes without pip. Run:"
        printf '    %sapt-get install -y %s && make %s\n' "$([ "$(id -u)" = 0 ] || echo 'sudo ')" "$package" "$goal" >&2
        return 1
    fi
}

install() {
    if [ "$installer" = uv ]; then
        get_uv && "$uv" pip install --quiet --compile-bytecode --no-config --python .venv/bin/python "$@" && return 0
        pip_of .venv/bin/python || return 1
        say 'uv did not manage; once more with pip, which may know another place to fetch from'
    fi
    .venv/bin/python -m pip install -qq "$@"
}

if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 13))' 2>/dev/null; then choose_python; fi
make_environment
choose_installer
say "installing $(grep -c '==' "requirements/$kind.txt") pinned packages for '$kind' (once)"
if ! install --require-hashes -r "requirements/$kind.txt"; then
    say "the packages could not be fetched: connect this machine to the internet (or set pip's own settings), then: make $goal"
    exit 1
fi
install --no-deps --no-build-isolation -e .
pwd >.venv/klaswacht-place
stamp "$kind" >".venv/klaswacht-$kind.stamp"
# What it takes to test includes what it takes to run.
if [ "$kind" = test ]; then stamp run >.venv/klaswacht-run.stamp; fi
