#!/bin/sh
# Makes a bundle: one file with everything that a bare Debian of the same release and processor needs to run Klaswacht,
# without internet: the interpreter with the libraries it was linked to, the pinned packages, the program, the units.
#     deploy/bundle.sh [FOLDER]      writes FOLDER/klaswacht-VERSION-ARCH.tar.gz (FOLDER: dist)
# Needs the environment of `make setup`, and a way to the packages (the internet, or the settings of pip's own).
set -eu
cd "$(dirname "$0")/.."
out=${1:-dist}
python=$PWD/.venv/bin/python
[ -x "$python" ] || { echo 'klaswacht: first run: make setup' >&2; exit 1; }
version=$("$python" -c 'import tomllib; print(tomllib.load(open("pyproject.toml", "rb"))["project"]["version"])')
name=klaswacht-$version-$(uname -m)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
root=$stage/$name
mkdir -p "$root/wheels" "$root/requirements" "$out"

# The interpreter, without what only its makers need.
prefix=$("$python" -c 'import sys; print(sys.base_prefix)')
short=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
mkdir -p "$root/python/bin" "$root/python/lib/python$short"
cp "$(readlink -f "$python")" "$root/python/bin/python$short"
(cd "$prefix/lib/python$short" && tar -cf - --exclude=__pycache__ --exclude=./test --exclude=./idlelib --exclude=./tkinter \
    --exclude=./turtledemo --exclude=./lib2to3 --exclude='./config-*' --exclude=./site-packages --exclude='_tkinter*' \
    --exclude='_test*' .) | tar -xf - -C "$root/python/lib/python$short"
mkdir -p "$root/python/lib/python$short/site-packages"
cp "$prefix/LICENSE.txt" "$root/python/" 2>/dev/null || true
# What it was linked to, but for the C library, which every system has of its own.
for part in "$root/python/bin/python$short" "$root/python/lib/python$short/lib-dynload/"*.so; do ldd "$part"; done |
    sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p' | sort -u |
    grep -Ev '/(libc|libm|libdl|librt|libpthread|libutil|ld-linux[^/]*)\.so' |
    while read -r library; do cp -L "$library" "$root/python/lib/"; done

# The packages, by their pins; pip looks at every hash, here and again where they are installed.
"$python" -m pip download -q --disable-pip-version-check --only-binary=:all: --require-hashes \
    -r requirements/run.txt -d "$root/wheels"
"$python" -m pip wheel -q --disable-pip-version-check --no-deps --no-build-isolation -w "$root/wheels" .
rm -rf build
cp requirements/run.txt "$root/requirements/"
cp -r deploy/systemd deploy/install.sh deploy/extension "$root/"
mkdir -p "$root/docs" && cp -r docs/handboek "$root/docs/"
cp LICENSE "$root/"
"$python" -m cli.main sbom >"$root/sbom.cdx.json"
printf '%s\n' "$version" >"$root/VERSION"
(cd "$root" && find . -type f ! -name SHA256SUMS -print0 | sort -z | xargs -0 sha256sum >SHA256SUMS)
tar -C "$stage" --owner=0 --group=0 --sort=name -czf "$out/$name.tar.gz" "$name"
(cd "$out" && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
echo "$out/$name.tar.gz"
