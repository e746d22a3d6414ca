#!/bin/sh
# Runs each row over its corpus: replay.sh PROGRAM ROW...
set -eu
program=$1
shift
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for row; do
	find "tests/corpus/$row" -type f -exec timeout 120 "$program" "$row" {} + \
	    2>"$log" || {
		tail -40 "$log" >&2
		echo "corpus: $row broke" >&2
		exit 1
	}
done
echo "corpus: $# parsers survived"
