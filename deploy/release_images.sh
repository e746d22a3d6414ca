#!/bin/sh
# release_images.sh SOURCE DIR VERSION: both images of the tree SOURCE, built by
# podman as localhost/NAME:VERSION, and in DIR of each an archive for "docker
# load" and, through "gzip -dc", "podman load", and what it is made of (SPDX).
set -eu
source=$1 dir=$2 version=$3
mkdir -p "$dir"
for target in latchkey broker; do
	name=latchkey
	[ "$target" = latchkey ] || name=latchkey-$target
	image=localhost/$name:$version
	podman build -q -f "$source/deploy/Dockerfile" --target "$target" \
	    --build-arg "VERSION=$version" -t "$image" "$source" >/dev/null
	podman run --rm --entrypoint cat "$image" \
	    /usr/share/latchkey/sbom.spdx.json >"$dir/$name-$version.spdx.json"
	podman save -q "$image" | gzip -n >"$dir/$name-$version.image.tar.gz"
done
