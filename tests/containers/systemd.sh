#!/bin/sh
# systemd.sh: read by a shell inside of the machine: Latchkey is set up, runs as
# a service of systemd, comes back when it has failed, is maintained, and stops.
set -eu
pki=/etc/latchkey/pki
conf=/etc/latchkey/latchkeyd.conf

die() {
	echo "systemd: $*" >&2
	systemctl --no-pager status latchkeyd latchkey-maintain >&2 || :
	journalctl --no-pager -n 40 >&2 || :
	exit 1
}

# soon COMMAND...: within some time it ends well.
soon() {
	n=0
	until "$@" >/dev/null 2>&1; do
		n=$((n + 1))
		[ "$n" -le 300 ] || die "not in 300 s: $*"
		sleep 1
	done
}

of() {
	systemctl show -P "$1" "$2"
}

soon runuser -u postgres -- psql -qXc 'SELECT 1'
systemd-sysusers
umask 077
install -d -m 700 -o latchkey -g latchkey /etc/latchkey
latchkey init --once --dir "$pki" --root-dir /root/root --dns localhost
for role in migrator service; do
	word=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
	echo "host=localhost dbname=latchkey user=latchkey_$role" \
	    "password=$word" >/etc/latchkey/$role.conninfo
	echo "ALTER ROLE latchkey_$role PASSWORD '$word';"
done >/root/passwords.sql
cat /usr/share/latchkey/roles.sql /root/passwords.sql - <<-'SQL' |
	CREATE DATABASE latchkey OWNER latchkey_migrator;
SQL
	runuser -u postgres -- psql -qX -v ON_ERROR_STOP=1 >/dev/null
sed 's|/run/latchkey/|/etc/latchkey/|' /usr/share/latchkey/latchkeyd.conf \
    >"$conf"
LATCHKEY_DB=@/etc/latchkey/migrator.conninfo latchkey migrate >/dev/null
chown -R latchkey:latchkey /etc/latchkey
# That one is root's: the timer's service gets it as a credential.
chown root:root /etc/latchkey/migrator.conninfo

# Where the kernel's tmpfs knows no access lists, systemd gives its credentials
# to nobody but root: the unit is played with a file then.
# shellcheck disable=SC2016
systemd-run --wait --pipe -q -p User=latchkey \
    -p LoadCredential=db:/etc/latchkey/migrator.conninfo \
    sh -c 'cat "$CREDENTIALS_DIRECTORY/db"' >/dev/null 2>&1 || {
	echo "systemd: this kernel gives no credentials to services"
	install -m 644 /etc/latchkey/migrator.conninfo /run/migrator.conninfo
	install -d /run/systemd/system/latchkey-maintain.service.d
	printf '[Service]\nEnvironment=LATCHKEY_DB=@/run/migrator.conninfo\n' \
	    >/run/systemd/system/latchkey-maintain.service.d/file.conf
	chmod -R u=rwX,go=rX /run/systemd/system
}
systemctl daemon-reload
systemctl enable -q --now latchkeyd.service latchkey-maintain.timer
soon latchkey health --ready
[ "$(of User latchkeyd)" = latchkey ] || die "another user"
pid=$(of MainPID latchkeyd)
awk '/^Cap(Prm|Eff|Bnd|Amb):/ && $2 !~ /^0+$/ { bad = 1 }
    /^NoNewPrivs:/ && $2 != 1 { bad = 1 }
    /^Seccomp:/ && $2 != 2 { bad = 1 } END { exit bad }' \
    "/proc/$pid/status" || die "it has more rights than the unit says"
! nsenter -t "$pid" -m -- touch /usr/bin/mine 2>/dev/null ||
    die "/usr can be written"
[ "$(stat -c %U:%a /var/lib/latchkey)" = latchkey:700 ] || die "its state"
echo "systemd: ready, without capabilities, under a filter of calls"

systemctl start latchkey-maintain.service || die "maintenance failed"
[ "$(of Result latchkey-maintain)" = success ] || die "maintenance failed"
[ "$(of ActiveState latchkey-maintain.timer)" = active ] || die "no timer"
echo "systemd: maintained, by a user of the moment"

kill -ABRT "$pid"
came_back() {
	[ "$(of NRestarts latchkeyd)" = 1 ] && latchkey health --ready
}
soon came_back
echo "systemd: it failed, and came back"

systemctl stop latchkeyd
[ "$(of Result latchkeyd)" = success ] || die "stopped: $(of Result latchkeyd)"
echo "systemd: stopped"
