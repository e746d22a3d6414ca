#!/bin/sh
# release_build.sh DIR: what a release has beside its source, built from the
# commit checked out and nothing else: the programs, what they were built with
# (SPDX), and both images with theirs where podman is (IMAGES=no: without).
set -eu
dir=$(mkdir -p "$1" && cd "$1" && pwd)
cd "$(dirname "$0")/.."
version=$(sed -n 's/^#define LATCHKEY_VERSION "\(.*\)"$/\1/p' \
    server/base/version.h)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
scratch=$(mktemp -d /tmp/latchkey-release-XXXXXX)
trap 'rm -rf "$scratch"' EXIT
git archive HEAD | tar -x -C "$scratch"
make -s -C "$scratch" -j"$(nproc)" all
name=latchkey-$version-$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m)
tar -C "$scratch/build" --sort=name --owner=0 --group=0 --numeric-owner \
    --mode=u=rwX,go=rX --mtime="@$SOURCE_DATE_EPOCH" \
    --transform "s|^|$name/|" -c latchkeyd latchkey latchkey_broker.so |
    gzip -9n >"$dir/$name.tar.gz"
sh "$scratch/deploy/sbom.sh" "$name" "$version" "$scratch/build/latchkeyd" \
    "$scratch/build/latchkey" "$scratch/build/latchkey_broker.so" \
    >"$dir/$name.spdx.json"
if [ "${IMAGES:-}" = no ] || ! command -v podman >/dev/null; then
	echo "release: without images" >&2
	exit
fi
# What was built above is not theirs: they are built in Debian's image.
rm -rf "$scratch/build"
sh "$scratch/deploy/release_images.sh" "$scratch" "$dir" "$version"
