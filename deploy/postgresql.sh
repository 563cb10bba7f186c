#!/bin/sh
# Makes PostgreSQL's programs available to the tests and benches, which start a server of their own.
set -u

for folder in /usr/lib/postgresql/*/bin; do
    [ -x "$folder/initdb" ] && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing PostgreSQL for the tests of its stores ..."
    # no cluster of the system's own: only the programs are used
    mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
        echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
    apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            postgresql >/dev/null && exit 0
fi
echo "No PostgreSQL could be installed: the tests of its stores will say so." >&2
exit 0
