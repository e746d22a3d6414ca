#!/bin/sh
# Every setting of struct settings stands in the table that main prints, and
# deploy/latchkeyd.conf is what "latchkeyd config" prints.
cd "$(dirname "$0")/../.." || exit 1
make -s build/latchkeyd || exit 1
build/latchkeyd config | diff -u deploy/latchkeyd.conf - || {
	echo "lint: latchkeyd config > deploy/latchkeyd.conf" >&2
	exit 1
}
