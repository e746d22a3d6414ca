#!/bin/sh
# Who may include whom (HACKING.md, "Layers"): each line is a folder and what
# it may see besides itself.
cd "$(dirname "$0")/../.." || exit 1
bad=0
while read -r folder sees; do
	allowed=$(echo "$sees $folder" | tr ' ' '|')
	dir=server/$folder
	[ "$folder" != client ] || dir=client
	if grep -nE '^#include "[a-z]+/' "$dir"/*.[ch] 2>/dev/null |
	    grep -vE "\"($allowed)/"; then
		echo "lint: $dir may include only: $sees" >&2
		bad=1
	fi
done <<-'LAYERS'
	base base
	codec base
	pki base
	store base
	fetch base
	attest base codec pki
	domain base codec pki store attest fetch
	http base codec domain
	plugin base codec pki store
	client base codec pki attest store
LAYERS
exit $bad
