#!/bin/sh
# database.sh: run by the Postgres image when it makes its cluster.
set -eu
psql -v ON_ERROR_STOP=1 -U postgres -f /usr/share/latchkey/roles.sql \
    -f /run/latchkey/passwords.sql \
    -c 'CREATE DATABASE latchkey OWNER latchkey_migrator'
