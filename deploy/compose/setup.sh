#!/bin/sh
# setup.sh: runs once, before the database: passwords that nobody chose, each
# in a file that its reader alone may read, and the certificates that the
# broker and Prometheus trust.  A second run changes nothing.
set -eu
secrets=/run/latchkey service=65532:65532

word() {
	od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}

# own USER FILE: standard input becomes FILE, whole or not at all.
own() {
	cat >"$2.new"
	chmod 400 "$2.new"
	chown "$1" "$2.new"
	mv "$2.new" "$2"
}

umask 077
chmod 755 "$secrets"
# A new volume has the owner of the folder it covers, and none is here.
for folder in /var/lib/latchkey-broker /var/lib/latchkey-metrics \
    /var/lib/latchkey-scraper /prometheus; do
	chown "$service" "$folder"
	chmod 700 "$folder"
done
cat /etc/latchkey/pki/root.crt /etc/latchkey/pki/issuing.crt |
    own "$service" /var/lib/latchkey-broker/ca.crt
own "$service" /var/lib/latchkey-scraper/root.crt \
    </etc/latchkey/pki/root.crt
[ ! -e "$secrets/complete" ] || exit 0
# What an interrupted run left was never used: the database waits for us.
for role in migrator service broker; do
	password=$(word)
	echo "host=postgres dbname=latchkey user=latchkey_$role" \
	    "password=$password" | own "$service" "$secrets/$role.conninfo"
	echo "ALTER ROLE latchkey_$role PASSWORD '$password';"
done | own "$(id -u postgres)" "$secrets/passwords.sql"
word | own "$(id -u postgres)" "$secrets/postgres.password"
: >"$secrets/complete"
