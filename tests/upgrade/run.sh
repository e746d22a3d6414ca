#!/bin/bash
# run.sh COMMIT BUILD: builds that commit in a folder of its own and plays the
# upgrade from it to the programs in BUILD.
set -eu
cd "$(dirname "$0")/../.."
commit=$1 build=$2
git rev-parse -q --verify "$commit^{commit}" >/dev/null || {
	echo "check-upgrade: no commit $commit here: fetch the whole history" \
	    "(git fetch --unshallow), or name another by FROM=" >&2
	exit 1
}
previous=$(mktemp -d /tmp/latchkey-previous-XXXXXX)
trap 'rm -rf "$previous"' EXIT
git archive "$commit" | tar -x -C "$previous"
env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s -C "$previous" -j2 all
# Other users' processes read its pages and migrations.
chmod 755 "$previous"
PREVIOUS=$previous LATCHKEY_BUILD=$build \
    /usr/bin/python3 -m pytest -q tests/upgrade/upgrade.py
