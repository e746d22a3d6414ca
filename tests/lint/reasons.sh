#!/bin/sh
# Each code of a refusal is explained (base/explain), no other is, and
# docs/reasons.md is what the table prints.
cd "$(dirname "$0")/../.." || exit 1
make -s build/latchkey || exit 1
bad=0
find server -name '*.c' ! -path 'server/plugin/*' -exec cat {} + | tr '\n' ' ' |
	grep -oE 'const struct err ERR_[A-Z0-9_]+ = \{[[:space:]]*KIND_[A-Z_]+,[[:space:]]*"[^"]+"' |
	sed 's/.*"\(.*\)"/\1/' | sort -u >build/reasons.codes
build/latchkey explain | sed -nE 's/^  ([^ ]+) .*/\1/p' | sort |
	diff build/reasons.codes - || {
	echo "lint: < not explained in server/base/explain_*.c, > no such code" >&2
	bad=1
}
build/latchkey explain --markdown | diff docs/reasons.md - || {
	echo "lint: latchkey explain --markdown >docs/reasons.md" >&2
	bad=1
}
# What it tells people to type exists.
build/latchkey --help | sed -nE 's/^  ([a-z]+( [a-z]+)*) .*/\1/p' >build/reasons.commands
grep -oE '`latchkey [a-z]+( [a-z]+)?' docs/reasons.md | cut -c 11- | sort -u |
	while read -r command; do
		grep -q "^$command" build/reasons.commands ||
			grep -qx "${command% *}" build/reasons.commands || {
			echo "lint: docs/reasons.md: no latchkey $command" >&2
			exit 1
		}
	done || bad=1
exit $bad
