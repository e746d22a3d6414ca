#!/bin/bash
# run.sh: the images built, docker-compose.yml started and the main job played
# inside, by podman, with base, database and Prometheus images made here from
# Debian's packages, since nothing of it may need a registry; and the units of
# deploy/systemd under a live systemd.  Needs root.  What does not need each
# other runs side by side.
# All of it is in one scratch directory, which is removed.
set -eu
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || {
	echo "check-containers needs root: sudo make check-containers" >&2
	exit 1
}
scratch=$(mktemp -d /tmp/latchkey-containers-XXXXXX)
project=lk$$
pages=${LATCHKEY_PORT:-18443} mqtt=${MQTT_PORT:-18883}
watch=${PROMETHEUS_PORT:-19090}
export LATCHKEY_PORT="$pages" MQTT_PORT="$mqtt" PROMETHEUS_PORT="$watch"
export CONTAINERS_CONF="$scratch/containers.conf" BUILDAH_FORMAT=docker
export CONTAINERS_STORAGE_CONF="$scratch/storage.conf"

step() {
	printf '%5d s  %s\n' "$(($(date +%s) - began))" "$*"
}
began=$(date +%s)

die() {
	echo "check-containers: $*" >&2
	exit 1
}

# quiet COMMAND...: its output is shown only if it fails.
log=$scratch/log
quiet() {
	"$@" >"$log" 2>&1 || {
		tail -40 "$log" >&2
		die "failed: $*"
	}
}

# aside NAME COMMAND...: runs while we go on, until "await NAME".
declare -A asides=()
aside() {
	set -m # a group of its own, which end() can stop
	log=$scratch/log.$1 "${@:2}" &
	set +m
	asides[$1]=$!
}

await() {
	wait "${asides[$1]}" || die "$1 failed"
	unset "asides[$1]"
}

compose() {
	podman-compose -p "$project" "$@"
}

end() {
	status=$?
	trap '' INT TERM HUP
	for group in "${asides[@]}"; do
		kill -- "-$group" 2>/dev/null || :
		wait "$group" || :
	done
	if [ "$status" != 0 ]; then
		for name in $(podman ps -a --format '{{.Names}}'); do
			echo "-- $name" >&2
			podman logs --tail 15 "$name" >&2 2>&1 || :
		done
	fi
	podman rm -af -t 0 >/dev/null 2>&1 || :
	podman volume prune -f >/dev/null 2>&1 || :
	podman network rm -f "${project}_default" >/dev/null 2>&1 || :
	podman rmi -af >/dev/null 2>&1 || :
	umount "$scratch/root/overlay" 2>/dev/null || :
	rm -rf "$scratch"
	exit "$status"
}
trap end EXIT
trap 'exit 130' INT HUP
trap 'exit 143' TERM

limit=$(ulimit -Hn)
cat >"$CONTAINERS_CONF" <<-CONF
	[containers]
	default_ulimits = ["nofile=$limit:$limit", "nproc=4096:4096"]
	[engine]
	runtime = "runc"
	cgroup_manager = "cgroupfs"
	events_logger = "file"
	lock_type = "file"
	tmp_dir = "$scratch/tmp"
	[network]
	network_backend = "netavark"
	network_config_dir = "$scratch/net"
CONF
cat >"$CONTAINERS_STORAGE_CONF" <<-CONF
	[storage]
	driver = "overlay"
	graphroot = "$scratch/root"
	runroot = "$scratch/run"
CONF
mkdir "$scratch/net" "$scratch/tmp"

# -- images
mmdebstrap --quiet --variant=minbase --dpkgopt=force-unsafe-io \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --aptopt='APT::Install-Recommends "false"' bookworm \
    "$scratch/base.tar" 2>"$scratch/log" || {
	cat "$scratch/log" >&2
	die "no base image"
}
quiet podman import -q --change 'CMD ["bash"]' "$scratch/base.tar" \
    localhost/debian:bookworm-slim
rm "$scratch/base.tar"
step "base image"

# build TARGET IMAGE: of tests/containers/Dockerfile.
build() {
	quiet podman build -q -f tests/containers/Dockerfile \
	    --ignorefile tests/containers/Dockerfile.dockerignore \
	    --target "$1" -t "localhost/$2" .
}

stand_ins() {
	build postgres postgres:15-bookworm
	build prometheus prom/prometheus:v2.55.1
	build node-exporter prom/node-exporter:v1.8.2
}
aside "stand-ins" stand_ins
quiet compose build --build-arg VERSION=check
step "our images"
await "stand-ins"
step "what stands in for Postgres' and Prometheus'"

# -- the stack: podman-compose starts all at once, and does not wait
quiet compose up -d --no-build maintain latchkeyd mosquitto exporter prometheus
name() {
	echo "${project}_$1_1"
}
n=0
until podman exec "$(name latchkeyd)" latchkey health --ready \
    >"$scratch/ready" 2>&1; do
	n=$((n + 1))
	[ "$n" -le 300 ] || die "not ready: $(cat "$scratch/ready")"
	sleep 1
done
step "ready"
quiet podman healthcheck run "$(name latchkeyd)"
quiet curl -sSf --cacert /dev/null -k "https://localhost:$pages/healthz"
# Prometheus read its files when it was started, with all the others.
n=0
until podman exec "$(name prometheus)" \
    test -s /etc/prometheus/latchkey/token 2>/dev/null; do
	n=$((n + 1))
	[ "$n" -le 300 ] || die "no token for Prometheus"
	sleep 1
done
quiet podman wait "$(name scraper)"
quiet podman start -a "$(name scraper)"
grep -qa "is there: nothing to do" "$log" ||
    die "a second token was made: $(cat "$log")"
quiet podman restart "$(name prometheus)"
# With all that it needs there: podman-compose would build and start it again.
quiet compose run --no-deps --rm demo
# podman-compose does not hand on how it ended.
grep -a " ms  " "$log"
grep -qa "the main job holds" "$log" || {
	tail -5 "$log" >&2
	die "the main job does not hold"
}
step "the main job was played inside"
# As a release has them; each step is built already.
aside "release" quiet deploy/release_images.sh . "$scratch/release" check

# -- what they may do: write nothing but their volumes, hold no capability
for service in latchkeyd mosquitto maintain prometheus exporter; do
	container=$(name "$service")
	read_only=$(podman inspect --format '{{.HostConfig.ReadonlyRootfs}}' \
	    "$container")
	[ "$read_only" = true ] || die "$service can write its root"
	pid=$(podman inspect --format '{{.State.Pid}}' "$container")
	awk '/^Cap(Prm|Eff|Bnd|Amb):/ && $2 !~ /^0+$/ { bad = 1 }
	    /^NoNewPrivs:/ && $2 != 1 { bad = 1 }
	    /^Uid:/ && $2 != 65532 { bad = 1 } END { exit bad }' \
	    "/proc/$pid/status" || die "$service has more rights than it needs"
	! podman exec "$container" touch /usr/bin/mine 2>/dev/null ||
	    die "$service wrote to /usr/bin"
done
step "read-only roots, no capabilities, no root user"

# -- the units, on a machine whose first process is systemd
build machine latchkey-machine
quiet podman run -d --name "$(name systemd)" --privileged --systemd=always \
    localhost/latchkey-machine
quiet podman exec -i "$(name systemd)" sh <tests/containers/systemd.sh
grep -a '^systemd: ' "$log"
step "the units were played under systemd"

# -- our images as they are released; they add 40 MB to their base at most
size() {
	podman image inspect --format '{{.Size}}' "localhost/$1"
}
image_id() {
	podman image inspect --format '{{.Id}}' "localhost/$1"
}
await "release"
base=$(size debian:bookworm-slim)
for image in latchkey latchkey-broker; do
	[ "$(image_id "$image")" = "$(image_id "$image:check")" ] ||
	    die "$image: released is another than what was played"
	gzip -dc "$scratch/release/$image-check.image.tar.gz" |
	    tar -tf - manifest.json >/dev/null || die "$image: its archive"
	added=$((($(size "$image") - base) / 1000000))
	step "$image adds $added MB to its base"
	[ "$added" -le 40 ] || die "more than 40 MB"
	user=$(podman image inspect --format '{{.Config.User}}' \
	    "localhost/$image")
	[ "$user" = 65532:65532 ] || die "$image runs as $user"
	version=$(podman image inspect --format \
	    '{{index .Config.Labels "org.opencontainers.image.version"}}' \
	    "localhost/$image")
	[ "$version" = check ] || die "$image says that it is $version"
	python3 -c 'import json, sys
sbom = json.load(open(sys.argv[1]))
names = {p["name"]: p["licenseDeclared"] for p in sbom["packages"]}
assert names["libjansson4"] == "MIT", names
assert {"latchkeyd", "latchkey_broker.so"} & set(names), names' \
	    "$scratch/release/$image-check.spdx.json" || die "$image: its SBOM"
done

# -- Prometheus
volumes=$(podman inspect --format '{{range .Mounts}}{{println .Name}}{{end}}' \
    "$(name prometheus)" | sort | xargs)
[ "$volumes" = "${project}_prometheus ${project}_scraper" ] ||
    die "prometheus has the volumes $volumes"
volumes=$(podman inspect --format '{{range .Mounts}}{{println .Name}}{{end}}' \
    "$(name exporter)" | xargs)
[ "$volumes" = "${project}_metrics" ] || die "exporter has the volumes $volumes"
n=0
until python3 tests/containers/watched.py "http://localhost:$watch" \
    deploy/prometheus/latchkey.rules.yml >"$scratch/watched" 2>&1; do
	n=$((n + 1))
	[ "$n" -le 300 ] || die "not watched: $(tail -1 "$scratch/watched")"
	sleep 1
done
step "$(cat "$scratch/watched")"

# -- SIGTERM is heard, within 2 s: a kill would come after 30 s, with status
# 137.  What podman itself takes is what it takes to kill at once.
# stop_ms SECONDS CONTAINER: stops it; took is how long that took, in ms.
stop_ms() {
	local before
	before=$(date +%s%N)
	quiet podman stop -t "$1" "$2"
	took=$((($(date +%s%N) - before) / 1000000))
}
quiet podman run -d --name "$(name idle)" localhost/latchkey sleep infinity
stop_ms 0 "$(name idle)"
podmans=$took
for service in latchkeyd mosquitto maintain prometheus; do
	stop_ms 30 "$(name "$service")"
	status=$(podman inspect --format '{{.State.ExitCode}}' \
	    "$(name "$service")")
	[ "$status" = 0 ] || die "$service ended with $status"
	step "$service stopped in $took ms, of which podman's are $podmans"
	[ "$took" -le $((2000 + 2 * podmans)) ] || die "more than 2 s"
done

echo "check-containers: all of it holds"
