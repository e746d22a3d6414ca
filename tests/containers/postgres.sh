#!/bin/sh
# As the official image: a cluster at the first start, with the password of
# POSTGRES_PASSWORD_FILE, and what /docker-entrypoint-initdb.d holds.
set -eu
if [ "$(id -u)" = 0 ]; then
	chown postgres "$PGDATA"
	chmod 700 "$PGDATA"
	exec setpriv --reuid postgres --regid postgres --clear-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
	[ -s "$POSTGRES_PASSWORD_FILE" ] || exit 1
	initdb -U postgres --auth-local=trust --auth-host=scram-sha-256 \
	    --pwfile="$POSTGRES_PASSWORD_FILE" >/dev/null
	echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
	pg_ctl -w -o "-c listen_addresses=" start >/dev/null
	for f in /docker-entrypoint-initdb.d/*.sh; do
		"$f"
	done
	pg_ctl -w -m fast stop >/dev/null
fi
exec "$@" -c "listen_addresses=*"
