#!/usr/bin/env bash
# Makes the image `comeback-demo` from this source. When nothing has changed, cargo and Docker see that and it is quick.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../../.."

host=$(rustc -vV | sed -n 's/^host: //p')
# Static programs need other flags than the tests do: in a directory of their own, neither undoes the other's work.
output=target/static
RUSTFLAGS="-C target-feature=+crt-static" \
  cargo build --quiet --locked --release --bin comeback --target "$host" --target-dir "$output"

context=$output/image
mkdir -p "$context"
# Hard links keep the time and cost nothing; the build directory itself would be a context of gigabytes.
ln -f "$output/$host/release/comeback" "$context/comeback"
docker build --quiet --tag comeback-demo --file "$here/Dockerfile" "$context"
