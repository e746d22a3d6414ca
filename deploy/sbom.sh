#!/bin/sh
# sbom.sh NAME VERSION FILE...: what this root file system is made of, as SPDX
# 2.3 in JSON on stdout: each FILE, which is ours and of VERSION, and each
# Debian package with the licences that its copyright file names.  For images,
# while they are built (deploy/image.sh); it needs dpkg and awk alone, and says
# the same of the same packages at any time (SOURCE_DATE_EPOCH).
set -eu
name=$1 version=$2
shift 2
created=$(date -u -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}" +%Y-%m-%dT%H:%M:%SZ)
list=$(dpkg-query -W -f \
    '${db:Status-Abbrev}\t${Package}\t${Version}\t${Architecture}\n' |
    sed -n 's/^ii *\t//p' | LC_ALL=C sort)
ours=$(for file; do
	printf '%s\t%s\n' "$(sha256sum "$file" | cut -d' ' -f1)" \
	    "$(basename "$file")"
done)
# The same content has the same name, whoever lists it.
id=$(printf '%s\n' "$name" "$version" "$list" "$ours" | sha256sum | sed -E \
    's/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/\1-\2-8\3-8\4-\5/')

# shellcheck disable=SC2046
{
	printf '%s\n' "$list" | sed 's/^/deb\t/'
	[ -z "$ours" ] || printf '%s\n' "$ours" | sed 's/^/ours\t/'
} | awk -F '\t' -v name="$name" -v version="$version" -v created="$created" \
    -v id="$id" -f "$(dirname "$0")/sbom.awk" - $(printf '%s\n' "$list" |
	cut -f1 | uniq | while read -r package; do
	file=/usr/share/doc/$package/copyright
	[ ! -r "$file" ] || echo "$file"
done)
