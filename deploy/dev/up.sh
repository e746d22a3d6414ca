#!/bin/sh
# up.sh: starts a private Postgres, latchkeyd and Mosquitto with the plugin
# in the background and returns when they are ready.  VAR, LATCHKEY_PORT and
# MQTT_PORT say where, so that two stacks can stand side by side; all of it
# listens on loopback alone.  $VAR/latchkey.env is what a shell needs.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=deploy/dev/lib.sh
. "$here/lib.sh"
use_var
mkdir -p "$VAR"
https=${LATCHKEY_PORT:-8443} mqtt=${MQTT_PORT:-8883}
repo=$(cd "$here/../.." && pwd)
build=${BUILD:-$repo/build}
cli=$build/latchkey

if is_running latchkeyd && is_running mosquitto; then
	echo "already up: . $VAR/latchkey.env   (make down stops it)"
	exit 0
fi
"$here/down.sh" quiet
mkdir -p "$RUN"
# Half a stack is of no use to anyone.
trap '"$here/down.sh" quiet' EXIT
trap 'exit 130' INT HUP
trap 'exit 143' TERM
for port in "$https" "$mqtt"; do
	! listens "$port" || die "port $port is taken; choose others with" \
	    "LATCHKEY_PORT and MQTT_PORT"
done

# -- keys, made once
if [ ! -s "$VAR/pki/root.crt" ]; then
	"$cli" init --dir "$VAR/pki" --root-dir "$VAR/root" \
	    --dns localhost >/dev/null
fi
[ -d "$VAR/pki/tokens" ] || "$cli" keys rotate --dir "$VAR/pki/tokens" >/dev/null
[ -s "$VAR/profiles.conf" ] || cp "$repo/pki/profiles.conf" "$VAR"

# -- Postgres: roles get new passwords at each start
"$here/pg.sh" start "$VAR"
socket=$("$here/pg.sh" socket "$VAR")
sql() {
	"$here/pg.sh" sql "$VAR"
}
if [ -z "$(echo "SELECT 1 FROM pg_roles WHERE rolname =
    'latchkey_migrator'" | sql)" ]; then
	sql <"$repo/db/roles.sql"
fi
if [ -z "$(echo "SELECT 1 FROM pg_database WHERE datname =
    'latchkey'" | sql)" ]; then
	echo "CREATE DATABASE latchkey OWNER latchkey_migrator" | sql
fi
for role in migrator service broker; do
	password=$(random_word)
	echo "ALTER ROLE latchkey_$role PASSWORD '$password'" | sql
	echo "host=$socket dbname=latchkey user=latchkey_$role" \
	    "password=$password" | secret_file "$VAR/$role.conninfo"
done
LATCHKEY_DB=$(cat "$VAR/migrator.conninfo")
LATCHKEY_MAC_KEY=$VAR/pki/mac.key
export LATCHKEY_DB LATCHKEY_MAC_KEY
"$cli" migrate >"$VAR/migrate.log" 2>&1 || {
	cat "$VAR/migrate.log" >&2
	die "latchkey migrate failed"
}

# -- the operator's token: a new one at each start, the former withdrawn
former=$(sed -n "s/.*LATCHKEY_ADMIN_TOKEN=lk_\([a-z0-9]*\)_.*/\1/p" \
    "$VAR/latchkey.env" 2>/dev/null || :)
[ -z "$former" ] || "$cli" token withdraw "$former" >/dev/null
token=$("$cli" token add dev-stack --expires 30d \
    --scopes read,registry,revoke,lift,keys,tokens |
    grep -o 'lk_[a-z0-9]*_[a-z0-9]*_[a-z0-9]*')

# -- configuration, written anew at each start
secret_file "$VAR/latchkeyd.conf" <<-CONF
	issuer = https://localhost:$https
	port = $https
	tls_cert = $VAR/pki/server.crt
	tls_key = $VAR/pki/server.key
	root_cert = $VAR/pki/root.crt
	issuing_cert = $VAR/pki/issuing.crt
	issuing_key = $VAR/pki/issuing.key
	mac_key = $VAR/pki/mac.key
	token_keys = $VAR/pki/tokens
	profiles = $VAR/profiles.conf
	state_dir = $VAR/state
	web_dir = $repo/api/web
	db = @$VAR/service.conninfo
	# Development alone: the demo's owner decides with an app's key, and
	# the operator's token is in $VAR/latchkey.env for whoever reads it.
	app_keys = yes
	unbound_tokens = yes
	# One person is the whole platform.
	second_operator = no
CONF
for private in state broker; do
	mkdir -p "$VAR/$private"
	chmod 700 "$VAR/$private"
done
cat "$VAR/pki/root.crt" "$VAR/pki/issuing.crt" >"$VAR/broker/ca.crt"
fill_template "$repo/deploy/mosquitto.conf" "PORT=$mqtt" "PKI=$VAR/pki" \
    "STATE=$VAR/broker" "PLUGIN=$build/latchkey_broker.so" \
    "DB=@$VAR/broker.conninfo" | secret_file "$VAR/mosquitto.conf"
# Started as root, Mosquitto would become a user who cannot read our keys.
[ "$(id -u)" != 0 ] || echo "user root" >>"$VAR/mosquitto.conf"

# quote WORD: as a shell reads it back.
quote() {
	case $1 in
	*[!A-Za-z0-9_/.:=@%+,-]*)
		printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")"
		;;
	*) printf %s "$1" ;;
	esac
}
secret_file "$VAR/latchkey.env" <<-ENV
	export LATCHKEY_URL=https://localhost:$https
	export LATCHKEY_CA=$(quote "$VAR/pki/root.crt")
	export LATCHKEY_ADMIN_TOKEN=$token
	export MQTT_URL=mqtts://localhost:$mqtt
	export LATCHKEY_DB=$(quote "$LATCHKEY_DB")
	export LATCHKEY_MAC_KEY=$(quote "$LATCHKEY_MAC_KEY")
ENV

start latchkeyd "$build/latchkeyd" --config "$VAR/latchkeyd.conf"
start mosquitto "$(command -v mosquitto || echo /usr/sbin/mosquitto)" \
    -c "$VAR/mosquitto.conf"
wait_line latchkeyd 'event=listening'
wait_line mosquitto 'mosquitto version .* running'
trap - EXIT INT HUP TERM

cat <<-READY
	latchkeyd   https://localhost:$https   log $VAR/latchkeyd.log
	mosquitto   mqtts://localhost:$mqtt   log $VAR/mosquitto.log
	postgres    socket $socket   data $(cat "$VAR/pg.data")
	next        . $VAR/latchkey.env && $cli device list
	            make down stops it and keeps the data
READY
