#!/bin/sh
# `setup.sh FOLDER`: puts into FOLDER what the stacks beside this file need: Python environments with pinned packages, and the
# services written in Rust. Debian packages are installed. What is there already is left as it is.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
say() { echo "$(date +%T) $*" >&2; }

missing=
for pair in redis-server:redis-server psql:postgresql webdis:webdis pgpool:pgpool2; do
    command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair#*:}"
done
if [ -n "$missing" ]; then
    say "installing$missing"
    apt-get update -qq
    mkdir -p /etc/postgresql-common
    echo "create_main_cluster = false" >>/etc/postgresql-common/createcluster.conf
    # shellcheck disable=SC2086 # a list of packages
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

for list in "$here"/*/*.txt; do
    name=$(basename "$(dirname "$list")")-$(basename "$list" .txt)
    if ! cmp -s "$list" "$folder/$name/done"; then
        say "installing $name"
        rm -rf "${folder:?}/$name"
        python3 -m venv "$folder/$name"
        "$folder/$name/bin/pip" install --quiet --requirement "$list"
        cp "$list" "$folder/$name/done"
    fi
done

cargo build --quiet --release --locked --manifest-path "$here/rust/Cargo.toml" --target-dir "$folder/rust"
