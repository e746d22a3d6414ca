#!/bin/sh
# Each header compiles alone, and its own .c includes it first.
cd "$(dirname "$0")/../.." || exit 1
git ls-files 'server/*.h' 'client/*.h' 'tests/*.h' |
    sed 's|^|build/headers/|' | xargs make -s -j"$(nproc)" || exit 1
bad=0
for c in $(git ls-files 'server/*.c' 'client/*.c'); do
	h=${c%.c}.h
	[ -f "$h" ] || continue
	first=$(grep -m1 '^#include' "$c")
	if [ "$first" != "#include \"${h#server/}\"" ]; then
		echo "lint: $c must include \"${h#server/}\" first" >&2
		bad=1
	fi
done
exit $bad
