#!/bin/sh
# deploy/latchkeyd.conf names every setting, as "latchkeyd --help" does.
cd "$(dirname "$0")/../.." || exit 1
make -s build/latchkeyd || exit 1
names() {
	sed -nE 's/^(# )?([a-z_]+) =( .*)?$/\2/p' "$@" | sort
}
names deploy/latchkeyd.conf >build/settings.documented
build/latchkeyd --help | names | diff build/settings.documented - || {
	echo "lint: deploy/latchkeyd.conf and the settings differ" >&2
	exit 1
}
