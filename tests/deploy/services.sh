# What systemd would do by the units: their users, what they are handed, and no rights at all. Read by test_install.py.
. /etc/klaswacht/klaswacht.env
export KLASWACHT_HOME KLASWACHT_DATABASE KLASWACHT_ACCOUNTS_DATABASE KLASWACHT_LOG LD_LIBRARY_PATH
cd /
umask 027
K=/opt/klaswacht/current/env/bin
as() {
    user=$1
    shift
    exec setpriv --reuid "$user" --regid klaswacht --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
}
get() {
    (as klaswacht-proxy $K/python -c 'import sys, urllib.request as u, urllib.error as e
try: print(u.urlopen(sys.argv[1], timeout=20).read().decode())
except e.HTTPError as x: print(x.code, x.read().decode())
except OSError as x: print("none", x)' "$@")
}
wait_for() {
    for i in $(seq 1200); do
        if eval "$1"; then return 0; fi
        sleep 0.25
    done
    echo "never: $1"
    cat /tmp/*.log
    exit 1
}
desk() {
    rm -f /tmp/desk.log
    (as klaswacht-desk $K/klaswacht up --part desk) >/tmp/desk.log 2>&1 &
    desk=$!
    wait_for 'grep -q curl /tmp/desk.log'
}
proxy() {
    export CREDENTIALS_DIRECTORY=/run/credentials/klaswacht-proxy.service RUNTIME_DIRECTORY=/run/klaswacht-proxy
    install -d -m 0700 -o klaswacht-proxy $CREDENTIALS_DIRECTORY $RUNTIME_DIRECTORY
    for one in ca/mitmproxy-ca.pem ca/klaswacht-ca.crt secrets/forms secrets/columns; do
        install -m 0400 -o klaswacht-proxy /var/lib/klaswacht/$one $CREDENTIALS_DIRECTORY/
    done
    chmod 0500 $CREDENTIALS_DIRECTORY
    (unset KLASWACHT_ACCOUNTS_DATABASE
        as klaswacht-proxy $K/klaswacht up --part proxy --workers 1 --monitor 127.0.0.1:9464) >/tmp/proxy.log 2>&1 &
    proxy=$!
    unset CREDENTIALS_DIRECTORY RUNTIME_DIRECTORY
    wait_for 'get http://127.0.0.1:9464/readyz | grep -q "ready.: true"'
}
stop_both() {
    kill $proxy $desk
    wait $proxy $desk || true
}
