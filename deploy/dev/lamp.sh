# shellcheck shell=sh
# lamp.sh: a lamp with its maker and its owner, enrolled on the running stack;
# the commands of docs/ play with it.  Sourced by your shell, after
# var/latchkey.env; it sets
#	maker   the maker's directory          lamp  the device's
#	id      the device's id                owner the owner's, key var/ada.key
#	code    the user code that it showed
maker=var/maker lamp=var/lamp
latchkey simulate maker --dir $maker >/dev/null
latchkey manufacturer add acme --name Acme >/dev/null
latchkey anchor add acme --certificate $maker/maker-root.crt >/dev/null
latchkey model add lamp-1 --manufacturer acme --name Lamp >/dev/null
latchkey simulate birth --dir $lamp --maker $maker --serial LMP-1 \
    --model lamp-1 >/dev/null
latchkey allowlist import $lamp/birth.csv --manufacturer acme --quiet >/dev/null
latchkey owner add ada --key var/ada.key --new-key >/dev/null
owner=$(latchkey owner list --json | jq -r '.owners[0].id')
latchkey simulate authorize --dir $lamp >/dev/null
code=$(sed -n 's/^user_code = //p' $lamp/state)
latchkey approve "$code" --yes --owner "$owner" --key var/ada.key >/dev/null
latchkey simulate poll --dir $lamp >/dev/null
latchkey simulate enroll --dir $lamp >/dev/null
id=$(openssl x509 -in $lamp/op.crt -noout -subject -nameopt multiline |
    sed -n 's/.*commonName *= //p')
echo "the lamp $id of $owner"
