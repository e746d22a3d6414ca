#!/bin/sh
# Functions of at most 80 lines, files of at most 800 (aim at half of both),
# at most 5 parameters besides the context, an array and its count being one
# (callbacks have the shape their library wants).
cd "$(dirname "$0")/../.." || exit 1
# shellcheck disable=SC2046
awk '
FNR == 1 { start = 0; depth = 0 }
FNR == 801 { print FILENAME ": more than 800 lines"; bad = 1 }
/^[a-z_0-9]+\(/ { head = $0; start = FNR; name = $1; own = before !~ /^static/ }
start && !open && FNR > start { head = head $0 }
/^\{/ && start {
	open = FNR
	commas = gsub(/,/, ",", head) - (head ~ /\(struct ctx \*/) \
	    - gsub(/size_t \*?(n|max)/, "", head)
	if (own && commas > 4 && head !~ /\.\.\.|\(\*/) {
		print FILENAME ":" start ": more than 5 parameters: " name
		bad = 1
	}
}
/^\}/ && open {
	if (FNR - open > 81) {
		print FILENAME ":" start ": " FNR - open - 1 " lines: " name
		bad = 1
	}
	start = open = 0
}
{ before = $0 }
END { exit bad }' $(git ls-files '*.c' '*.h')
