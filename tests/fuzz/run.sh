#!/bin/sh
# Runs each row for some seconds from the corpus: run.sh DIR SECONDS ROW...
# What it finds on the way is kept in DIR/corpus for the next time; an input
# that breaks a row is left in DIR and named, and ends the run.
set -eu
dir=$1 seconds=$2
shift 2
for row; do
	mkdir -p "$dir/corpus/$row"
	set -- "$dir/corpus/$row" "tests/corpus/$row"
	"$dir/$row" -max_total_time="$seconds" -timeout=5 -max_len=16384 \
	    -rss_limit_mb=1500 -close_fd_mask=2 -verbosity=0 \
	    -artifact_prefix="$dir/$row-" -print_final_stats=1 "$@" \
	    >"$dir/$row.log" 2>&1 || {
		tail -40 "$dir/$row.log" >&2
		echo "fuzz: $row broke; the input is $dir/$row-*" >&2
		exit 1
	}
	n=$(sed -n 's/^stat::number_of_executed_units: //p' "$dir/$row.log")
	echo "fuzz: $row survived $n inputs in $seconds s"
done
echo "fuzz: nothing broke"
