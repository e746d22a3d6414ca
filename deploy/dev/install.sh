#!/bin/sh
# install.sh GROUP...: installs what is missing of deploy/packages.txt.
# Starts no system service and makes no system database cluster: ours are
# private ones.  Does nothing at all when everything is there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

wanted() {
	for group; do
		sed -n "/^\[$group\]/,/^\[/p" "$here/../packages.txt"
	done | grep '^[a-z0-9]' | sort -u
}

command -v dpkg-query >/dev/null || {
	echo "install: no dpkg here; install by hand what deploy/packages.txt" \
	    "lists" >&2
	exit 0
}
# A package that says it provides another is as good: node's own has npm.
have=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}, ${Provides}\n' \
    2>/dev/null | sed -n 's/^ii  *//p' | tr -s ', ' '\n')
missing=$(wanted "$@" | grep -vxF "$have" | tr '\n' ' ')
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
	as_root=sudo
	command -v sudo >/dev/null || {
		echo "install: needs root or sudo for: $missing" >&2
		exit 1
	}
fi
echo "install: apt-get install --no-install-recommends $missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
exec $as_root env DEBIAN_FRONTEND=noninteractive \
    sh "$here/install_root.sh" $missing
