# Functions to find what the set-up needs: a Python of at least 3.13, and `uv`. Sourced by setup/environment.sh.
# POSIX sh: the Python that is present may be any Python 3, with or without venv and pip, so it is asked for little.

WANTED=3.13
home=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
export HOME="$home"
# A school's network may have a certificate authority of its own; the machine knows it, so `uv` must ask the machine.
export UV_SYSTEM_CERTS=1 UV_NO_PROGRESS=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
borrowed=

say() { printf 'klaswacht: %s\n' "$*" >&2; }

# Every executable of the given name on PATH: the first one may be too old, or a shim that runs nothing.
on_path() (
    IFS=:
    for folder in $PATH; do
        [ -x "$folder/$1" ] && [ ! -d "$folder/$1" ] && printf '%s\n' "$folder/$1"
    done
    true
)

# Whether this is a CPython that can run us, with the parts of the standard library that some packagings leave out.
fits() {
    "$1" -c '
import sys, sysconfig
import ctypes, sqlite3, ssl, venv
old = sys.version_info < (3, 13)
other = sys.implementation.name != "cpython" or sysconfig.get_config_var("Py_GIL_DISABLED")
sys.exit(1 if old or other else 0)' >/dev/null 2>&1
}

python_candidates() {
    for name in python3.13 python3.14 python3 python3.15 python3.16 python; do on_path "$name"; done
    for version in 13 14 15 16; do
        for place in "${PYENV_ROOT:-$home/.pyenv}/versions/3.$version".*/bin/python3 \
            "${UV_PYTHON_INSTALL_DIR:-$home/.local/share/uv/python}/cpython-3.$version".*/bin/python3; do
            [ -x "$place" ] && printf '%s\n' "$place"
        done
    done
    uv=$(find_uv) && "$uv" python find --system --no-config ">=$WANTED" 2>/dev/null
    true
}

# Prints the Python to use; fails when there is none.
find_python() {
    python_candidates | {
        while IFS= read -r candidate; do
            if fits "$candidate"; then
                printf '%s\n' "$candidate"
                exit 0
            fi
        done
        exit 1
    }
}

find_uv() {
    for place in $(on_path uv) "$home/.local/bin/uv" "$home/.cargo/bin/uv"; do
        if "$place" --version >/dev/null 2>&1; then
            printf '%s\n' "$place"
            return 0
        fi
    done
    return 1
}

# Sets $uv to a `uv` that is here, or else to a pinned one in a throw-away folder, with the venv or pip of whatever
# Python 3 is there. Fails when neither can be had.
get_uv() {
    uv=$(find_uv) && return 0
    if [ -n "$borrowed" ]; then
        uv=$borrowed/uv
        [ -x "$uv" ] && return 0
        return 1
    fi
    borrowed=$(mktemp -d)
    uv=$borrowed/uv
    for present in $(on_path python3; on_path python); do
        if "$present" -m venv "$borrowed/v" >/dev/null 2>&1 &&
            "$borrowed/v/bin/python" -m pip install -q --require-hashes -r requirements/uv.txt >"$borrowed/log" 2>&1; then
            cp "$borrowed/v/bin/uv" "$uv" && return 0
        fi
        if "$present" -m pip install -q --target "$borrowed/t" --require-hashes -r requirements/uv.txt \
            >>"$borrowed/log" 2>&1; then
            cp "$borrowed/t/bin/uv" "$uv" && return 0
        fi
    done
    return 1
}

return_uv() {
    [ -z "$borrowed" ] || rm -rf "$borrowed"
    borrowed=
}

may_install() {
    command -v apt-get >/dev/null || return 1
    [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }
}

# apt-get, where we may install on this machine without being asked anything.
apt() {
    may_install || return 1
    if [ "$(id -u)" = 0 ]; then
        DEBIAN_FRONTEND=noninteractive apt-get "$@" </dev/null
    else
        sudo -n DEBIAN_FRONTEND=noninteractive apt-get "$@" </dev/null
    fi
}

# Prints the first of the given Debian packages that this machine's sources have.
apt_has() {
    command -v apt-cache >/dev/null || return 1
    for package in "$@"; do
        if apt-cache policy "$package" 2>/dev/null | grep -q 'Candidate: [^(]'; then
            printf '%s\n' "$package"
            return 0
        fi
    done
    return 1
}

oldest_words() {
    for present in $(on_path python3; on_path python); do
        "$present" -c 'import sys; print("only Python %d.%d is here (%s)" % (sys.version_info[:2] + (sys.executable,)))' \
            2>/dev/null && return 0
    done
    echo 'no Python 3 is here'
}

# Says the one command that helps, for a machine where no Python is new enough. $1: what was being made, $2: why `uv`
# did not fetch one, when there was a `uv`.
advise_python() {
    as_root=$([ "$(id -u)" = 0 ] || echo 'sudo ')
    why=
    if package=$(apt_has python3.13-venv python3.14-venv); then
        remedy="${as_root}apt-get install -y $package && make $1"
    elif [ -d "${PYENV_ROOT:-$home/.pyenv}/versions" ]; then
        remedy="pyenv install $WANTED && make $1"
    elif [ -n "$2" ]; then
        why=" and a newer one could not be fetched ($2): connect this machine to the internet, then"
        remedy="make $1"
    else
        remedy="${as_root}apt-get update && ${as_root}apt-get install -y python3-venv && make $1"
    fi
    say "needs Python $WANTED or newer; $(oldest_words)${why:-, so} run:"
    printf '    %s\n' "$remedy" >&2
}
