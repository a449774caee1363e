#!/bin/sh
# Installs what the tests need of the machine (Debian or Ubuntu): a browser, certutil (so that it trusts the school's
# CA), PostgreSQL, curl, CUPS, nft, ip, dig and dnsmasq (for networks of their own), HAProxy, Firefox and Node (for
# what goes to browsers), systemd's analysis, debootstrap and another clock for one program; when we may, as root or with
# sudo that asks nothing. Else it says what will be skipped, and why. With CI=true that is a failure.
set -eu
cd "$(dirname "$0")/.."
. setup/find.sh

has_browser() { for name in chromium chromium-browser google-chrome; do command -v "$name" >/dev/null && return 0; done; return 1; }
has_postgres() { ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null; }
has_curl() { command -v curl >/dev/null; }
has_nft() { command -v nft >/dev/null || [ -x /usr/sbin/nft ]; }
has_ip() { command -v ip >/dev/null || [ -x /usr/sbin/ip ]; }
has_haproxy() { command -v haproxy >/dev/null || [ -x /usr/sbin/haproxy ]; }
has_nginx() { command -v nginx >/dev/null || [ -x /usr/sbin/nginx ]; }
has_dnsmasq() { command -v dnsmasq >/dev/null || [ -x /usr/sbin/dnsmasq ]; }
has_dig() { command -v dig >/dev/null; }
has_certutil() { command -v certutil >/dev/null; }
has_cupsd() { command -v cupsd >/dev/null || [ -x /usr/sbin/cupsd ]; }
has_faketime() { ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1; }
has_debootstrap() { command -v debootstrap >/dev/null || [ -x /usr/sbin/debootstrap ]; }
has_openssl() { command -v openssl >/dev/null; }

missing() {
    has_browser || echo chromium
    has_certutil || echo libnss3-tools
    has_postgres || echo postgresql
    has_curl || echo curl
    has_openssl || echo openssl
    has_cupsd || echo cups
    command -v lp >/dev/null || echo cups-client
    command -v lpr >/dev/null || echo cups-bsd
    command -v ipptool >/dev/null || echo cups-ipp-utils
    has_nft || echo nftables
    has_ip || echo iproute2
    has_dig || echo dnsutils
    has_dnsmasq || echo dnsmasq-base
    has_haproxy || echo haproxy
    has_nginx || echo nginx-light
    has_faketime || echo libfaketime
    command -v firefox-esr >/dev/null || echo firefox-esr
    command -v node >/dev/null || echo nodejs
    command -v systemd-analyze >/dev/null || echo systemd
    has_debootstrap || echo debootstrap
    true
}

if [ -n "$(missing)" ] && may_install; then
    apt update -q >/dev/null 2>&1 || true
    # One by one: a package that cannot be had must not keep the others away.
    for package in $(missing); do
        say "installing for the tests: $package"
        apt install -y -q --no-install-recommends "$package" >/dev/null 2>&1 || true
    done
fi

for package in $(missing); do
    case $package in
    chromium | libnss3-tools) what='the tests in a real browser' ;;
    postgresql) what='the tests on a real PostgreSQL' ;;
    nftables | iproute2 | dnsutils | dnsmasq-base) what='the tests in networks of their own' ;;
    haproxy) what='the tests of two nodes behind a real HAProxy' ;;
    firefox-esr | nodejs) what='the tests of what is exported for browsers' ;;
    debootstrap) what='the installation on a bare Debian' ;;
    libfaketime | systemd) what='the tests of a laptop with another clock, or of the services' ;;
    cups | cups-client | cups-bsd | cups-ipp-utils) what='the tests on a real CUPS' ;;
    *) what='the tests with real curl or openssl' ;;
    esac
    say "$what are skipped: $package is not here and could not be installed (sudo apt-get install $package)"
    [ "${CI:-}" != true ] || failed=1
done
exit "${failed:-0}"
