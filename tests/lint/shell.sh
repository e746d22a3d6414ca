#!/bin/sh
# All shell scripts pass shellcheck; no lint is longer than 40 lines.
cd "$(dirname "$0")/../.." || exit 1
# shellcheck disable=SC2046
shellcheck -x $(git ls-files '*.sh' .ci/run) || exit 1
for s in tests/lint/*.sh; do
	[ "$(wc -l <"$s")" -le 40 ] || { echo "$s: too long"; exit 1; }
done
