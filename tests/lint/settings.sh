#!/bin/sh
# The example file and the reference page are those of the table of settings.
cd "$(dirname "$0")/../.." || exit 1
make -s build/latchkeyd || exit 1
bad=0
same() {
	build/latchkeyd config "$1" | diff "$2" - && return
	echo "lint: $2 is not of the table of settings: make settings" >&2
	bad=1
}
same --example deploy/latchkeyd.conf
same --reference docs/configuration.md
exit $bad
