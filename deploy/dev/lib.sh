# shellcheck shell=sh
# lib.sh: what the stack's scripts share.  Sourced, never run.

# die TEXT: says why and stops.
die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# random_word: 32 characters that need no quoting anywhere.
random_word() {
	od -An -N16 -tx1 /dev/urandom | tr -d ' \n'
}

# secret_file FILE: its standard input becomes FILE, mode 0600 from the start.
secret_file() {
	(
		umask 077
		rm -f "$1"
		cat >"$1"
	)
}

# is_alive PID: whether it runs; what init has not yet reaped does not.
is_alive() {
	read -r _ _ state _ 2>/dev/null <"/proc/$1/stat" && [ "$state" != Z ]
}

# is_running NAME: whether $RUN/NAME.pid is that of a process of that program.
is_running() {
	[ -s "$RUN/$1.pid" ] || return 1
	pid=$(cat "$RUN/$1.pid")
	[ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$1" ] && is_alive "$pid"
}

# stop NAME: SIGTERM, at most 15 s for it to finish its work, then SIGKILL.
stop() {
	if is_running "$1"; then
		pid=$(cat "$RUN/$1.pid")
		kill -TERM "$pid" 2>/dev/null || :
		n=0
		while is_alive "$pid" && [ "$n" -lt 300 ]; do
			sleep 0.05
			n=$((n + 1))
		done
		if is_alive "$pid"; then
			echo "$1 did not stop in 15 s: killed" >&2
			kill -KILL "$pid" 2>/dev/null || :
		fi
	fi
	rm -f "$RUN/$1.pid"
}

# wait_line NAME TEXT: until TEXT stands in $VAR/NAME.log, at most 60 s.
wait_line() {
	n=0
	while ! grep -q "$2" "$VAR/$1.log" 2>/dev/null; do
		if [ "$n" -ge 1200 ] || ! is_alive "$(cat "$RUN/$1.pid")"; then
			tail -n 20 "$VAR/$1.log" >&2
			die "$1 did not start; its log is $VAR/$1.log"
		fi
		sleep 0.05
		n=$((n + 1))
	done
}

# listens PORT: whether something listens there, on any address of ours.
listens() {
	hex=$(printf '%04X' "$1")
	cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
	    awk -v p="$hex" '$4 == "0A" && $2 ~ ":" p "$" { f = 1 }
	    END { exit !f }'
}

# free_port FROM: the first port from there on that nothing listens on.
free_port() {
	port=$1
	while listens "$port"; do
		port=$((port + 1))
	done
	echo "$port"
}

# use_var: VAR as an absolute path, var/ of the repository by default.
use_var() {
	VAR=${VAR:-$here/../../var}
	VAR=$(realpath -m "$VAR")
	RUN=$VAR/run
}

# start NAME COMMAND...: in the background, away from this terminal.
start() (
	name=$1
	shift
	# An interrupt must not fall between the start and the pid file.
	trap '' INT HUP
	mkdir -p "$RUN"
	[ ! -e "$VAR/$name.log" ] || mv -f "$VAR/$name.log" "$VAR/$name.log.1"
	setsid "$@" >"$VAR/$name.log" 2>&1 </dev/null &
	echo $! >"$RUN/$name.pid"
)

# fill_template FILE NAME=VALUE...: FILE with each @NAME@ replaced.
fill_template() {
	file=$1
	shift
	script=
	for pair; do
		value=$(printf %s "${pair#*=}" | sed 's/[&|\\]/\\&/g')
		script="$script;s|@${pair%%=*}@|$value|g"
	done
	sed "${script#;}" "$file"
}
