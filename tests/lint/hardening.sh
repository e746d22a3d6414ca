#!/bin/sh
# What compiler and linker were asked for is in the programs: position
# independence, relocations bound at the start and read-only, no executable
# stack, stack protector, fortified calls.
cd "$(dirname "$0")/../.." || exit 1
make -s all || exit 1
bad=0
# has FILE READELF-OPTION PATTERN WHAT
has() {
	readelf -W "$2" "$1" | grep -qE "$3" || {
		echo "lint: $1: $4" >&2
		bad=1
	}
}
for file in build/latchkeyd build/latchkey build/latchkey_broker.so; do
	has "$file" -h 'Type: +DYN' 'not position independent'
	has "$file" -l 'GNU_RELRO' 'relocations can be written'
	has "$file" -d 'FLAGS.*NOW' 'relocations are bound late'
	has "$file" -l 'GNU_STACK.* RW ' 'the stack can be executed'
	has "$file" -s '__stack_chk_fail' 'no stack protector'
	has "$file" -s '__[a-z]+_chk(@|$)' 'no fortified calls'
	if readelf -Wld "$file" | grep -E 'RPATH|RUNPATH|TEXTREL|LOAD.* RWE '; then
		echo "lint: $file: see above" >&2
		bad=1
	fi
done
has build/latchkeyd -d 'FLAGS_1.*PIE' 'not a PIE'
has build/latchkey -d 'FLAGS_1.*PIE' 'not a PIE'
exit $bad
