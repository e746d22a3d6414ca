#!/bin/sh
# image.sh FILE GROUP...: installs those groups of packages.txt into an image,
# with nothing beside them that only a person would read.
set -eu
file=$1
shift
list=$(for group; do
	sed -n "/^\[$group\]/,/^\[/p" "$file"
done | grep '^[a-z0-9]' | sort -u)
apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    --no-install-recommends $list
apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/debconf /var/log/* /usr/share/doc/* \
    /usr/share/man/* /usr/share/locale/* /tmp/*
