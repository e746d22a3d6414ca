#!/bin/sh
# pg.sh start|stop|kill|sql|socket|remove DIR [fast]: a private PostgreSQL
# cluster that belongs to DIR, for the dev stack and the tests.  Unix socket
# only, in a directory with a short name (sun_path holds 107 bytes); all roles
# but the superuser log in with SCRAM, the superuser by who it is (peer).
# As root the server runs as user postgres; data that this user could not
# reach (a home below /root, say) goes to /var/tmp.  "fast" turns fsync off:
# for tests, never for what must be durable.  Everything it made elsewhere is
# remembered in DIR/pg.socket and DIR/pg.data, and removed by "remove".
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=deploy/dev/lib.sh
. "$here/lib.sh"

command=${1:?command} dir=${2:?directory} mode=${3:-durable}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
[ -x "$bin/initdb" ] || die "no PostgreSQL server found (deploy/packages.txt)"
user=
if [ "$(id -u)" = 0 ]; then
	user=postgres
	id postgres >/dev/null 2>&1 || user=nobody
fi

# as_pg COMMAND...: as the user the server runs as, in a directory it can see.
as_pg() (
	cd /
	[ -n "$user" ] || exec "$@"
	exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups \
	    env HOME=/nonexistent "$@"
)

# new_dir TEMPLATE: a fresh directory of the server's user.
new_dir() {
	made=$(mktemp -d "$1")
	[ -z "$user" ] || chown "$user:" "$made"
	echo "$made"
}

# pg_socket: the socket directory, made anew if someone cleaned /tmp.
pg_socket() {
	if [ ! -s "$dir/pg.socket" ] || [ ! -d "$(cat "$dir/pg.socket")" ]; then
		new_dir /tmp/latchkey-XXXXXX >"$dir/pg.socket"
		chmod 711 "$(cat "$dir/pg.socket")"
	fi
	cat "$dir/pg.socket"
}

# pg_init: makes the cluster where the server's user can reach it.
pg_init() {
	if as_pg test -x "$dir"; then
		mkdir -p "$dir/pg"
		[ -z "$user" ] || chown "$user:" "$dir/pg"
		echo "$dir/pg" >"$dir/pg.data"
	else
		new_dir /var/tmp/latchkey-pg-XXXXXX >"$dir/pg.data"
	fi
	data=$(cat "$dir/pg.data")
	as_pg "$bin/initdb" -D "$data" --no-sync --encoding=UTF8 \
	    --locale=C.UTF-8 --auth=scram-sha-256 --auth-local=peer \
	    >"$dir/initdb.log" 2>&1 || {
		cat "$dir/initdb.log" >&2
		rm -rf "$data" "$dir/pg.data"
		die "initdb failed"
	}
	rm -f "$dir/initdb.log"
	super=$(as_pg id -un)
	as_pg tee "$data/pg_hba.conf" >/dev/null <<-HBA
		local all $super peer
		local all all scram-sha-256
	HBA
	as_pg tee -a "$data/postgresql.conf" >/dev/null <<-CONF
		listen_addresses = ''
		password_encryption = 'scram-sha-256'
		max_connections = 200
		shared_buffers = 128MB
		timezone = 'UTC'
		log_line_prefix = '%m [%p] %q%u@%d '
	CONF
	[ "$mode" != fast ] || as_pg tee -a "$data/postgresql.conf" >/dev/null <<-CONF
		fsync = off
		full_page_writes = off
		autovacuum_naptime = 1d
	CONF
}

data=
[ ! -s "$dir/pg.data" ] || data=$(cat "$dir/pg.data")
case $command in
start)
	trap '' INT # half-started, it could not be found again
	if [ -z "$data" ] || [ ! -s "$data/PG_VERSION" ]; then
		pg_init
	fi
	! as_pg "$bin/pg_ctl" -D "$data" status >/dev/null 2>&1 || exit 0
	as_pg "$bin/pg_ctl" -s -w -t 300 -D "$data" -l "$data/server.log" \
	    -o "-c unix_socket_directories=$(pg_socket)" start >/dev/null
	;;
stop | kill)
	[ -n "$data" ] || exit 0
	how=fast
	[ "$command" = stop ] || how=immediate
	! as_pg "$bin/pg_ctl" -D "$data" status >/dev/null 2>&1 ||
	    as_pg "$bin/pg_ctl" -s -w -t 300 -m $how -D "$data" stop
	;;
sql)
	as_pg "$bin/psql" -qAtX -v ON_ERROR_STOP=1 -h "$(pg_socket)" \
	    -d "${3:-postgres}"
	;;
socket)
	pg_socket
	;;
remove)
	"$0" kill "$dir"
	for made in pg.socket pg.data; do
		[ ! -s "$dir/$made" ] || rm -rf "$(cat "$dir/$made")"
		rm -f "$dir/$made"
	done
	;;
*)
	die "unknown command: $command"
	;;
esac
