#!/bin/sh
# image.sh NAME VERSION GROUP...: installs those groups of packages.txt into an
# image, with nothing beside them that only a person would read, and writes
# what all of it is made of (sbom.sh).
set -eu
here=$(dirname "$0") name=$1 version=$2
shift 2
list=$(for group; do
	sed -n "/^\[$group\]/,/^\[/p" "$here/packages.txt"
done | grep '^[a-z0-9]' | sort -u)
apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    --no-install-recommends $list
apt-get clean
mkdir -p /usr/share/latchkey
ours=
for file in /usr/bin/latchkeyd /usr/bin/latchkey /usr/lib/latchkey/*.so; do
	[ ! -f "$file" ] || ours="$ours $file"
done
# shellcheck disable=SC2086
sh "$here/sbom.sh" "$name" "$version" $ours >/usr/share/latchkey/sbom.spdx.json
rm -rf /var/lib/apt/lists/* /var/cache/debconf /var/log/* /usr/share/doc/* \
    /usr/share/man/* /usr/share/locale/* /tmp/*
