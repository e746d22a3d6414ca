#!/bin/bash
# reproducible.sh: two builds of the same commit in two folders, at different
# times and with different umask, locale, time zone and number of jobs, are the
# same to the byte.
set -eu
cd "$(dirname "$0")/.."
scratch=$(mktemp -d /tmp/latchkey-twice-XXXXXX)
trap 'rm -rf "$scratch"' EXIT
export CCACHE_DISABLE=1
unset MAKEFLAGS MAKELEVEL MFLAGS
programs="latchkeyd latchkey latchkey_broker.so"

# build FOLDER JOBS: with what stands before it in the environment.
build() {
	mkdir -p "$scratch/$1"
	git archive HEAD | tar -x -C "$scratch/$1"
	make -s -C "$scratch/$1" -j"$2" all
}
(umask 022 && LC_ALL=C TZ=UTC build one 1)
(umask 077 && LC_ALL=C.UTF-8 TZ=Asia/Tokyo FAKETIME='+400d' \
    LD_PRELOAD=$(dpkg -L libfaketime | grep 'faketime/libfaketime.so.1$') \
    build a-longer-name/two 4)
for program in $programs; do
	cmp "$scratch/one/build/$program" \
	    "$scratch/a-longer-name/two/build/$program"
	sha256sum "$scratch/one/build/$program" | sed "s| .*/| |"
done
echo "check-reproducible: both builds are the same"
