#!/bin/sh
# release.sh DIR KEY [FILE...]: what a release publishes, in DIR: the source of
# the commit checked out, each FILE (image archives, SBOMs), SHA256SUMS of all
# of them, and its signature by minisign.  KEY is the secret key's file; one
# without a password asks nothing.  The README says how a release is checked.
set -eu
[ $# -ge 2 ] || {
	echo "usage: release.sh DIR KEY [FILE...]" >&2
	exit 2
}
dir=$(mkdir -p "$1" && cd "$1" && pwd) key=$(realpath "$2")
shift 2
[ -z "$(ls -A "$dir")" ] || {
	echo "release: $dir is not empty" >&2
	exit 1
}
for file; do
	cp "$file" "$dir/"
done
cd "$(dirname "$0")/.."
version=$(sed -n 's/^#define LATCHKEY_VERSION "\(.*\)"$/\1/p' \
    server/base/version.h)
[ -z "$(git status --porcelain --untracked-files=no)" ] || {
	echo "release: there are changes that no commit has" >&2
	exit 1
}
# Times, owners and names are the commit's: anybody can make the same file.
git archive --format=tar --prefix="latchkey-$version/" HEAD |
    gzip -9n >"$dir/latchkey-$version.tar.gz"
cd "$dir"
find . -maxdepth 1 -type f ! -name 'SHA256SUMS*' -printf '%P\0' |
    LC_ALL=C sort -z | xargs -0 sha256sum -- >SHA256SUMS
minisign -S -s "$key" -m SHA256SUMS -t "latchkey $version" >/dev/null
echo "$dir: latchkey $version, $(wc -l <SHA256SUMS) files"
