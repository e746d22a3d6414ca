#!/bin/sh
# down.sh [remove]: stops the stack of VAR; its data stay unless "remove".
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=deploy/dev/lib.sh
. "$here/lib.sh"
use_var

if [ ! -d "$RUN" ]; then
	[ "${1:-}" = quiet ] || echo "nothing of $VAR is running"
	exit 0
fi
stop mosquitto &
stop latchkeyd
wait
"$here/pg.sh" stop "$VAR"
if [ "${1:-}" = remove ]; then
	"$here/pg.sh" remove "$VAR"
	rm -rf "$VAR"
	exit 0
fi
[ "${1:-}" = quiet ] || echo "stopped; the data stay in $VAR"
