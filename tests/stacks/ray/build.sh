#!/bin/sh
# Builds the two images where there is no registry to pull a base from: a Debian root file system
# made by mmdebstrap takes the place of python:3.11-slim-bookworm. The Dockerfile is the same.
#
# Each image is tagged with a hash of all that goes into it, and built only if that tag is missing.
# Needs root on a Debian machine with Docker; installs the rest itself.
set -eu
cd "$(dirname "$0")"

suite=bookworm

hash_of() { cat "$@" | sha256sum | cut -c1-12; }
has_image() { docker image inspect "$1" >/dev/null 2>&1; }
say() { echo "$(date +%T) $*" >&2; }

# The base carries the Python packages too, and a pip.conf that points at them: `docker build` then
# needs no network, and so neither proxies nor certificates of the machine it runs on.
build_base() {
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT

    missing=
    command -v mmdebstrap >/dev/null || missing="$missing mmdebstrap"
    python3 -m pip --version >/dev/null 2>&1 || missing="$missing python3-pip"
    if [ -n "$missing" ]; then
        say "installing$missing"
        apt-get update -qq
        # shellcheck disable=SC2086 # a list of packages
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
    fi

    say "fetching Python packages"
    mkdir "$work/wheels"
    python3 -m pip download --quiet --only-binary=:all: --python-version 3.11 \
        --platform "manylinux_2_28_$(uname -m)" --platform "manylinux2014_$(uname -m)" \
        --dest "$work/wheels" --requirement requirements.txt
    printf '[global]\nno-index = true\nfind-links = /wheels\n' >"$work/pip.conf"

    # The machine's own mirror, in whatever format its sources are written.
    mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
        awk -v suite=$suite '$1 == suite { print $2; exit }')
    [ -n "$mirror" ] || { say "no apt source has the suite $suite"; exit 1; }

    say "making the base file system ($suite)"
    mmdebstrap --quiet --variant=essential --include=python3-venv,libstdc++6 \
        --customize-hook="copy-in $work/wheels /" \
        --customize-hook="upload $work/pip.conf /etc/pip.conf" \
        "$suite" "$work/base.tar" "$mirror"
    docker import "$work/base.tar" "$base" >/dev/null
}

build() { # build TARGET FILE...
    target=$1
    shift
    image=comeback-ray/$target
    tag=$(hash_of build.sh requirements.txt Dockerfile "$@")
    if has_image "$image:$tag"; then
        say "$image:$tag is up to date"
    else
        has_image "$base" || build_base
        say "building $image:$tag"
        docker build --quiet --build-arg BASE="$base" --target "$target" \
            --tag "$image:$tag" . >/dev/null
    fi
    docker tag "$image:$tag" "$image:latest"
}

base=comeback-ray/base:$(hash_of build.sh requirements.txt)
build head head/*
build api api/*.py
