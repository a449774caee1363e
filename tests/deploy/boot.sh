#!/bin/sh
# Makes of a folder with a Debian in it ($1) a machine of its own, with systemd as its first process: other processes,
# network, names and control groups than those of here. Ends when that process does. As root. Read by test_booted.py.
set -eu
root=$1
if [ "${2:-}" != inside ]; then
    groups=$root.groups
    mkdir "$groups"
    mount -t cgroup2 klaswacht-groups "$groups"
    mkdir "$groups/klaswacht-$$"
    clean() {
        find "$groups/klaswacht-$$" -depth -type d -exec rmdir {} \; || true
        umount "$groups"
        rmdir "$groups"
    }
    trap clean EXIT
    sh -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' in "$groups/klaswacht-$$" \
        unshare --mount --net --pid --uts --ipc --cgroup --fork --kill-child "$0" "$root" inside || true
    exit 0
fi
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
for one in run tmp dev; do mount -t tmpfs -o mode=0755 "$one" "$root/$one"; done
chmod 1777 "$root/tmp"
for one in null zero full random urandom tty; do
    touch "$root/dev/$one"
    mount --bind "/dev/$one" "$root/dev/$one"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
ip link set lo up
hostname klaswacht-test
mkdir -p "$root/host"
cd "$root"
pivot_root . host
umount -l /host
# Without this systemd hands no credentials over: it makes them in a place that is mounted for the service to see.
mount --make-rshared /
exec env -i container=docker PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd </dev/null
