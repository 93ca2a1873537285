#!/bin/sh
# `pgpool.sh FAILOVER POOL_PORT DB_PORT PCP_PORT`: pgpool in front of PostgreSQL, and the API in front of pgpool, in one process group.
set -eu
# What the one before it left, its PID file above all, would keep it from starting.
rm -rf pool
mkdir pool
folder=$(realpath pool)
cat >pool/pgpool.conf <<CONF
backend_clustering_mode = 'raw'
listen_addresses = '127.0.0.1'
port = $2
pcp_listen_addresses = '127.0.0.1'
pcp_port = $4
unix_socket_directories = '$folder'
pcp_socket_dir = '$folder'
pid_file_name = '$folder/pgpool.pid'
logdir = '$folder'
backend_hostname0 = '127.0.0.1'
backend_port0 = $3
failover_on_backend_error = $1
CONF
: >pool/pcp.conf
# `-D`: what it thought of the backend before it was started is forgotten.
pgpool -n -D -f pool/pgpool.conf -F pool/pcp.conf &
until psql -XAtqc "select 1" "$PG_DSN" >/dev/null 2>&1; do sleep 0.1; done
exec "$VENV/bin/python" app.py
