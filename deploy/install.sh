#!/bin/sh
# Installs Klaswacht from the bundle that this script is in, or puts a newer one in the place of an older one. As root.
#     ./install.sh          install, or upgrade; what was there stays, and so does a way back
#     ./install.sh back     the version before this one, with the databases as they were before the upgrade
#     ./install.sh forget   takes those copies away, for good: there is children's data in them, and no way back after it
# Nothing is fetched. Where systemd does not run (a container, a chroot) the services are not started, only put in place.
set -eu
# The services run as others than root: what is put down here must be theirs to read, whatever root's own habit is.
umask 022
here=$(cd "$(dirname "$0")" && pwd)
base=/opt/klaswacht
home=/var/lib/klaswacht
settings=/etc/klaswacht

say() { printf 'klaswacht: %s\n' "$*"; }
stop() { say "$*" >&2; exit 1; }
with_systemd() { [ -d /run/systemd/system ]; }
services() { if with_systemd; then systemctl "$@" klaswacht-desk.service klaswacht-proxy.service; fi; }
on_postgresql() { [ -e "$settings/database" ]; }
used() { basename "$(readlink "$base/current" 2>/dev/null || echo none)"; }

[ "$(id -u)" = 0 ] || stop 'run this as root'

# What an upgrade changes, in the home folder; and the key of the databases, which may be renewed after it.
parts='db accounts school.yaml .school.in-force.yaml .laatste-stand secrets/columns'

# A copy of it, made while nothing runs; the owners and modes come along.
keep() {
    kept=$home/before/$1
    rm -rf "$kept"
    mkdir -p -m 0700 "$home/before" "$kept"
    for part in $parts; do
        [ ! -e "$home/$part" ] || cp -a "$home/$part" "$kept/"
    done
}

# Part by part, and each is either as it was or as it will be: broken off anywhere, `back` once more goes on with it, and
# nothing starts by itself meanwhile. What was there is never thrown away here.
go_back() {
    now=$(used)
    [ -f "$base/$now/BEFORE" ] || stop "there is no version before $now here"
    before=$(cat "$base/$now/BEFORE")
    [ -d "$base/$before" ] || stop "version $before is gone from $base"
    [ -d "$home/before/$now" ] || stop "there is no copy of the databases in $home/before/$now"
    trap '[ $? = 0 ] || say "this stopped halfway, and nothing runs: mend what is said above, and type it once more"' EXIT
    services disable
    services stop
    after=$home/after/$now
    mkdir -p -m 0700 "$home/after" "$after"
    for part in $parts; do
        name=$(basename "$part")
        [ ! -e "$after/done $name" ] || continue
        aside=$after/$name
        [ ! -e "$aside" ] || aside=$aside.$(date +%Y%m%d%H%M%S)
        [ ! -e "$home/$part" ] || mv "$home/$part" "$aside"
        rm -rf "$home/$part.back"
        if [ -e "$home/before/$now/$name" ]; then
            cp -a "$home/before/$now/$name" "$home/$part.back"
            mv "$home/$part.back" "$home/$part"
        fi
        touch "$after/done $name"
    done
    rm "$after/done "*
    mv "$after" "$after-$(date +%Y%m%d%H%M%S)"
    ln -sfn "$before" "$base/current"
    units "$base/$before"
    services enable
    if on_postgresql; then
        say "version $before is in place and was not started: PostgreSQL was left as it is. Put the backup of before the" \
            'upgrade back (klaswacht restore), and start klaswacht-desk and klaswacht-proxy'
        return
    fi
    services start
    say "version $before runs again, with the databases of before $now; what came after is in $home/after"
}

forget() {
    rm -rf "$home/before" "$home/after"
    say 'the copies of before an upgrade are gone'
}

people() {
    getent group klaswacht >/dev/null || groupadd --system klaswacht
    for user in klaswacht-desk klaswacht-proxy; do
        getent passwd "$user" >/dev/null ||
            useradd --system --gid klaswacht --home-dir "$home" --no-create-home --shell /usr/sbin/nologin "$user"
    done
}

# The folders, and who may do what in them. Setgid says that the group may: see config/private_folder.py.
folders() {
    install -d -m 2750 -o klaswacht-desk -g klaswacht "$home" "$home/lists"
    install -d -m 2770 -o klaswacht-desk -g klaswacht "$home/db" "$home/.wachtrij"
    install -d -m 0700 -o klaswacht-desk -g klaswacht "$home/accounts" "$home/secrets" "$home/ca"
    chmod g-s "$home/accounts" "$home/secrets" "$home/ca"
    install -d -m 0700 -o klaswacht-desk -g klaswacht /var/backups/klaswacht
    install -d -m 0755 -o root -g root "$base" "$settings"
}

program() {
    version=$1 target=$base/$1
    rm -rf "$target.new"
    mkdir -m 0755 "$target.new"
    cp -a "$here/python" "$here/docs" "$here/systemd" "$here/install.sh" "$here/LICENSE" "$here/sbom.cdx.json" \
        "$here/VERSION" "$target.new/"
    chown -R root:root "$target.new"
    # The same version once more: the way back that it has stays.
    [ ! -f "$target/BEFORE" ] || cp -p "$target/BEFORE" "$target.new/"
    rm -rf "$target"
    mv "$target.new" "$target"
    LD_LIBRARY_PATH=$target/python/lib
    export LD_LIBRARY_PATH
    python=$(ls "$target/python/bin/"python3.*)
    "$python" -m venv --symlinks "$target/env"
    # No index: only what is in the bundle. Every pinned package must have its pinned hash.
    "$target/env/bin/python" -m pip install -q --isolated --disable-pip-version-check --no-index --find-links "$here/wheels" \
        --no-compile --require-hashes -r "$here/requirements/run.txt"
    "$target/env/bin/python" -m pip install -q --isolated --disable-pip-version-check --no-index --no-deps \
        --no-compile "$here/wheels/klaswacht-$version-"*.whl
    # What the guard packs for Chromebooks lies beside its packages, as in the repository.
    packages=$("$target/env/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
    mkdir "$packages/deploy"
    cp -a "$here/extension" "$packages/deploy/"
    chown -R root:root "$packages/deploy"
    # On all cores at once; the services may not write here, so that what is not compiled now is at every start. A file
    # for another Python, which some packages have, is none of ours.
    "$target/env/bin/python" -m compileall -q -j 0 "$packages" >/dev/null || true
    unset LD_LIBRARY_PATH
}

units() {
    [ -e "$settings/klaswacht.env" ] || install -m 0644 "$1/systemd/klaswacht.env" "$settings/klaswacht.env"
    install -d -m 0755 /etc/systemd/system /usr/local/bin
    install -m 0644 "$1"/systemd/*.service /etc/systemd/system/
    install -m 0755 "$1/systemd/klaswacht" /usr/local/bin/klaswacht
    if with_systemd; then systemctl daemon-reload; fi
}

[ "${1:-}" != back ] || { go_back; exit 0; }
[ "${1:-}" != forget ] || { forget; exit 0; }
[ -f "$here/SHA256SUMS" ] || stop 'this is not a bundle; deploy/bundle.sh makes one'
(cd "$here" && sha256sum --quiet -c SHA256SUMS) || stop 'the bundle is damaged or was changed; nothing was done'
version=$(cat "$here/VERSION")
was=$(used)
trap '[ $? = 0 ] || { say "this stopped halfway: mend what is said above, and type it once more"; services start 2>/dev/null || true; }' EXIT
people
folders
# A program that runs is not taken away under its feet; a newer one is put beside it while lessons go on.
[ "$was" != "$version" ] || services stop
program "$version"
if [ "$was" != none ] && [ "$was" != "$version" ]; then
    services stop
    keep "$version"
    printf '%s\n' "$was" >"$base/$version/BEFORE"
    if on_postgresql; then say 'of PostgreSQL no copy was made: there is no way back without a backup of before this'; fi
fi
ln -sfn "$version" "$base/current"
units "$base/$version"
services enable
services start
say "version $version is in $base; the school's own things are in $home"
if with_systemd; then
    say 'for the first link: klaswacht account first-link'
else
    say 'systemd does not run here, so nothing was started'
fi
