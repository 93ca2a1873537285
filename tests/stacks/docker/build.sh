#!/usr/bin/env bash
# Makes the image `comeback-demo` from this source. When nothing has changed, cargo and Docker see that and it is quick.
# Arguments are for cargo; without any, the image holds the program that `cargo run --release` runs.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../../.."

# Only the program itself is linked in another way than usual, so every crate that it is made of is shared with other builds.
messages=$(cargo rustc --quiet --locked --bin comeback --message-format json-render-diagnostics "${@:---release}" \
  -- -C target-feature=+crt-static -C strip=symbols)
program=$(sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' <<<"$messages")

context=$(dirname "$program")/image
mkdir -p "$context"
# Hard links keep the time and cost nothing; the build directory itself would be a context of gigabytes.
ln -f "$program" "$context/comeback"
docker build --quiet --tag comeback-demo --file "$here/Dockerfile" "$context"
