#!/bin/sh
# What compiler and linker were asked for is in the programs: position
# independence, relocations bound at the start and read-only, no executable
# stack, stack protector, fortified calls.  On x86-64 all our objects are ready
# for CET; Debian's crt1.o is not, so that the whole is not marked.
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
objects=$(ar t build/liblatchkey.a | wc -l)
marked=$(readelf -Wn build/liblatchkey.a | grep -c 'IBT, SHSTK')
if [ "$(uname -m)" = x86_64 ] && [ "$marked" -lt "$objects" ]; then
	echo "lint: $marked of $objects objects are ready for CET" >&2
	bad=1
fi
exit $bad
