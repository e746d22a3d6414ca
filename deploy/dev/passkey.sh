# shellcheck shell=sh
# passkey.sh: an owner with a passkey, without a browser; the commands of docs/
# play with it.  The passkey is a key in a file, so it is for trying things.
# Sourced by your shell, after var/latchkey.env; it signs the owner up, and has
#	let_in URL               the owner lets the app in that sent them there;
#	                         says where the browser goes then
#	touch_of CHALLENGE ORIGIN  the passkey's answer, where a page or an app
#	                         of that origin asks for it
passkey=var/passkey
mkdir -p $passkey

# base64url, without padding
b64u() {
	basenc --base64url -w0 | tr -d =
}

# unhex HEX...: its bytes
unhex() {
	printf %s "$@" | tr a-f A-F | basenc --base16 -d
}

# client_data TYPE CHALLENGE ORIGIN (WebAuthn section 5.8.1)
client_data() {
	printf '{"type":"webauthn.%s","challenge":"%s","origin":"%s",%s}' \
	    "$1" "$2" "$3" '"crossOrigin":false'
}

# auth_data FLAGS: in hex, without attested data (section 6.1)
auth_data() {
	host=${LATCHKEY_URL#https://}
	printf '%.64s%s00000000' "$(printf %s "${host%%:*}" | sha256sum)" "$1"
}

# made_for CHALLENGE: the passkey as the service is told of it (ES256, none)
made_for() {
	point=$(openssl ec -in $passkey/key -pubout -outform DER 2>/dev/null |
	    tail -c 64 | basenc --base16 -w0)
	cose=a5010203262001215820$(echo "$point" | cut -c -64)
	cose=${cose}225820$(echo "$point" | cut -c 65-)
	data=$(auth_data 45)00000000000000000000000000000000
	data=${data}0020$(cat $passkey/id)$cose
	jq -nc --arg c "$1" \
	    --arg d "$(client_data create "$1" "$LATCHKEY_URL" | b64u)" \
	    --arg a "$(unhex a363666d74646e6f6e656761747453746d74a0 \
	        68617574684461746158a4 "$data" | b64u)" \
	    '{challenge: $c, client_data: $d, attestation: $a}'
}

touch_of() {
	client_data get "$1" "$2" >$passkey/client
	unhex "$(auth_data 05)" >$passkey/data
	{
		cat $passkey/data
		openssl dgst -sha256 -binary $passkey/client
	} | openssl dgst -sha256 -sign $passkey/key >$passkey/signature
	jq -nc --arg c "$1" --arg i "$(unhex "$(cat $passkey/id)" | b64u)" \
	    --arg d "$(b64u <$passkey/client)" \
	    --arg a "$(b64u <$passkey/data)" \
	    --arg s "$(b64u <$passkey/signature)" \
	    '{challenge: $c, credential_id: $i, client_data: $d,
		authenticator_data: $a, signature: $s}'
}

# page PATH [JSON]: a call of our own pages, signed in or not
page() {
	curl -sSf --cacert "$LATCHKEY_CA" -b $passkey/cookies \
	    -c $passkey/cookies -H "Origin: $LATCHKEY_URL" \
	    -H "X-CSRF-Token: ${csrf-}" -H "Content-Type: application/json" \
	    -d "${2-}" "$LATCHKEY_URL$1"
}

let_in() {
	asked=$(curl -sSf --cacert "$LATCHKEY_CA" -o /dev/null \
	    -w '%{redirect_url}' "$1")
	page /v1/authorizations/decision "$(jq -nc --arg r "${asked#*#}" \
	    '{request: $r, decision: "allow"}')" | jq -r .location
}

openssl ecparam -name prime256v1 -genkey -noout -out $passkey/key
openssl rand -hex 32 >$passkey/id
: >$passkey/cookies
asked=$(page /v1/accounts/challenges)
csrf=$(page /v1/accounts "$(jq -nc --argjson asked "$asked" \
    --argjson made "$(made_for "$(echo "$asked" | jq -r .touch.challenge)")" \
    '{account: $asked.account, name: "Ada Lovelace", passkey: "a file",
	made: $made}')" | jq -r .csrf)
echo "signed up: Ada Lovelace"
