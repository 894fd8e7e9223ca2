# Installs the Debian packages "$@", as root, and starts none of their services. See packages.rs.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

# An archive folder of its own: many images remove the archives after every run of dpkg, and would
# take those of a second apt-get away.
archives=$(mktemp -d /tmp/testbed-apt.XXXXXX)
mkdir "$archives/partial"

# invoke-rc.d asks this file; 101 means that an action is forbidden.
policy=/usr/sbin/policy-rc.d
ours=
if [ ! -e "$policy" ]; then
    ours=$policy
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
trap 'rm -rf "$archives" $ours' EXIT
trap 'exit 1' HUP INT TERM

apt() {
    apt-get -q -y -o DPkg::Lock::Timeout=600 -o Dir::Cache::archives="$archives/" \
        -o APT::Sandbox::User=root -o Dpkg::Options::=--force-confold "$@"
}
apt update >/dev/null
apt install --no-install-recommends "$@" >"$archives/log" 2>&1 || { cat "$archives/log" >&2; exit 1; }
