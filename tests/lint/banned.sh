#!/bin/sh
# Words that base/banned.h cannot poison because library headers use them:
# memory, clocks and randomness outside base/, typedefs, gotos, marks of
# unfinished work, #if in .c files.
cd "$(dirname "$0")/../.." || exit 1
bad=0
ban() {
	what=$1 why=$2
	shift 2
	if git grep -nE "$what" -- "$@"; then
		echo "lint: $why" >&2
		bad=1
	fi
}
c='*.c' h='*.h' not=':!server/base/*'
ban '(^|[^a-z_>.])(malloc|calloc|realloc|free|strdup|strndup|asprintf)\(' \
    'memory comes from base/mem.h or an arena' "$c" "$h" "$not"
ban '(^|[^a-z_])(time|gettimeofday|clock_gettime)\(' \
    'time comes from cx->now or base/clock.h' "$c" "$h" "$not" \
    ':!tests/harness/moved_clock.c' # which is the clock of a test
ban '(^|[^a-z_])(getrandom|random|arc4random[a-z_]*|RAND_bytes)\(' \
    'randomness comes from base/rng.h' "$c" "$h" "$not"
ban '(^|[^a-z_])memcmp\(' 'bytes_eq compares' "$c" "$h" "$not"
ban '^(\t| )*goto ' 'AUTO cleans up; no goto' "$c" "$h"
ban '^#[ \t]*if' 'no conditional compilation in .c files' "$c"
ban '\<(TODO|FIXME|XXX)\>' 'finish it, or open an issue' "$c" "$h" '*.py' \
    '*.sql' '*.md' '*.yaml' 'deploy/*.sh'
exit $bad
