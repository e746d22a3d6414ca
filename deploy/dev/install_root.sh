#!/bin/sh
# install_root.sh PACKAGE...: the part of install.sh that needs root.  While
# apt runs, policy-rc.d forbids packages to start services and postgresql's
# create_main_cluster is off; both are put back as they were.
set -eu
policy=/usr/sbin/policy-rc.d
cluster_dir=/etc/postgresql-common/createcluster.d
cluster_conf=$cluster_dir/zz-latchkey.conf
kept=

put_back() {
	trap - EXIT INT TERM
	rm -f "$cluster_conf"
	if [ -n "$kept" ]; then
		mv -f "$kept" "$policy"
	else
		rm -f "$policy"
	fi
	rmdir "$cluster_dir" 2>/dev/null || :
}

if [ -e "$policy" ] || [ -L "$policy" ]; then
	kept=$policy.before-latchkey
	mv -f "$policy" "$kept"
fi
trap put_back EXIT
trap 'put_back; exit 130' INT TERM
printf '#!/bin/sh\nexit 101\n' >"$policy"
chmod 755 "$policy"
mkdir -p "$cluster_dir"
echo 'create_main_cluster = false' >"$cluster_conf"

apt-get -qq update
apt-get -qq -y -o Dpkg::Use-Pty=0 install --no-install-recommends "$@" \
    >/tmp/latchkey-install.$$ 2>&1 || {
	tail -n 40 /tmp/latchkey-install.$$ >&2
	rm -f /tmp/latchkey-install.$$
	exit 1
}
rm -f /tmp/latchkey-install.$$
