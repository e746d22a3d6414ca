#!/bin/sh
# One library, one folder: a header's name and where alone it may stand.
cd "$(dirname "$0")/../.." || exit 1
bad=0
while read -r header folders; do
	if git grep -nE "#include <$header" -- 'server/*.[ch]' 'client/*.[ch]' |
	    grep -vE "^($folders)/"; then
		echo "lint: <$header belongs in $folders" >&2
		bad=1
	fi
done <<-'LIBRARIES'
	jansson server/codec
	cbor server/codec
	cjose server/codec
	qrencode server/codec
	zlib server/codec
	openssl/ server/pki
	fido server/pki
	(libpq|postgres) server/store
	microhttpd server/http
	gnutls/ server/http
	mosquitto_(broker|plugin) server/plugin
	mosquitto.h (server/plugin|client)
	curl/ (server/fetch|client)
LIBRARIES
exit $bad
