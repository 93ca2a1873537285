#!/bin/sh
# `postgres.sh FOLDER PORT`: a PostgreSQL of its own in FOLDER, which is made where it is missing. It does not run as root.
set -eu
mkdir -p "$1"
data=$(realpath "$1")
port=$2
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
as=
if [ "$(id -u)" = 0 ]; then
    chown postgres "$data"
    as="setpriv --reuid=postgres --regid=postgres --clear-groups"
fi
cd "$data"
[ -e PG_VERSION ] || $as "$bin/initdb" --no-sync --auth trust --username app --pgdata . >/dev/null
exec $as "$bin/postgres" -D . -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories=
