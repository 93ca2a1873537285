#!/bin/sh
# `webdis.sh PORT REDIS`: webdis reads its ports from a file.
set -eu
cat >webdis.json <<END
{"redis_host": "127.0.0.1", "redis_port": $2, "http_host": "127.0.0.1", "http_port": $1, "threads": 4, "pool_size": 8,
 "daemonize": false, "websockets": false, "database": 0, "verbosity": 3, "logfile": "/dev/stderr"}
END
exec webdis webdis.json
