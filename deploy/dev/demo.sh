#!/bin/sh
# demo.sh: a stack of its own on free ports, the main job played on it by
# "latchkey demo", and nothing left of it, however it ends.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=deploy/dev/lib.sh
. "$here/lib.sh"

VAR=$(mktemp -d /tmp/latchkey-demo-XXXXXX)
chmod 711 "$VAR"
LATCHKEY_PORT=$(free_port "$((20000 + $$ % 10000))")
MQTT_PORT=$(free_port "$((LATCHKEY_PORT + 1))")
export VAR LATCHKEY_PORT MQTT_PORT
end() {
	trap '' INT TERM HUP
	"$here/down.sh" remove
}
trap end EXIT
trap 'exit 130' INT HUP
trap 'exit 143' TERM

"$here/up.sh" >"$VAR/up.log" || {
	cat "$VAR/up.log"
	exit 1
}
# shellcheck disable=SC1091
. "$VAR/latchkey.env"
"${BUILD:-$here/../../build}/latchkey" demo || {
	status=$?
	echo "-- the last lines of latchkeyd and mosquitto" >&2
	tail -n 15 "$VAR/latchkeyd.log" "$VAR/mosquitto.log" >&2
	exit $status
}
