# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# tools/run in a namespace with no way out: what its tests share. Sourced, not run.

source "$(dirname "${BASH_SOURCE[0]}")/../lib/netns.sh"

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
run=$root/tools/run
[[ ${SPATE_BUILD_DIR:-$root/build} == "$root/build" ]] || skip "tools/run starts what is in build/, not $SPATE_BUILD_DIR"
for program in dataplane/spate-dataplane controlplane/spate-controlplane; do
	[[ -x $root/build/$program ]] || skip "not built: build/$program"
done
[[ -f $root/controlplane/web/dist/index.html ]] || skip "the page is not built"
[[ -e /dev/net/tun ]] || skip "no /dev/net/tun"

netns_add
work=$(mktemp -d)
rundir=$work/run
finish() {
	local code=$?
	((code == 0 || code == SKIPPED)) || cat "$work"/*.err 2>/dev/null || true
	netns_remove
	rm -rf "$work"
}
trap finish EXIT

# start NAME ARGUMENT...: tools/run in the background, its pid in $pid. A shell ignores SIGINT for
# what it runs in the background, and a terminal sends it to a whole process group.
start() {
	local name=$1
	shift
	setsid env --default-signal=INT ip netns exec "$netns" "$run" --run-dir "$rundir" "$@" >"$work/$name.out" 2>"$work/$name.err" &
	pid=$!
}

said_ready() {
	kill -0 "$pid" 2>/dev/null || fail "tools/run ended: $(tail -n 3 "$work/$1.err")"
	grep -q . "$work/$1.out"
}

fetch_status() {
	# shellcheck disable=SC2016 # for the shell inside
	inside bash -c 'exec 3<>"/dev/tcp/localhost/$1" && printf "GET $2 HTTP/1.0\r\nHost: localhost\r\n\r\n" >&3 &&
		read -r -t 2 _ code _ <&3 && echo "$code"' - "$1" "$2" 2>/dev/null
}

# As Prometheus would read it.
metrics_have_port() {
	# shellcheck disable=SC2016 # for the shell inside
	inside bash -c 'exec 3<>"/dev/tcp/127.0.0.1/9464" && printf "GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n" >&3 &&
		timeout 5 cat <&3' >"$work/metrics" 2>/dev/null || return 1
	grep -q '^spate_port_link_up{device="net_tap0"} 1' "$work/metrics" &&
		grep -q '^spate_port_rx_missed_total{device="net_tap0"} 0' "$work/metrics" &&
		grep -q '^spate_port_info{device="net_tap0",driver="net_tap",numa_node="-1",steering="one queue"} 1' "$work/metrics"
}

spatectl_shows_port() {
	"$root/build/tools/spatectl" --run-dir "$rundir" ports >"$work/ports" || return 1
	grep -Eq '^net_tap0 +net_tap +- +02:' "$work/ports" && grep -q '^  steering   one queue$' "$work/ports" &&
		grep -q '^  addresses  10.99.0.2/24' "$work/ports"
}

healthy() {
	[[ $(fetch_status "$1" /readyz) == 200 ]]
}

process() {
	local candidate
	for candidate in $(ip netns pids "$netns"); do
		if [[ $(cat "/proc/$candidate/comm" 2>/dev/null) == "${1:0:15}" ]]; then
			echo "$candidate"
		fi
	done
}

another_process() {
	local now
	now=$(process "$1")
	[[ -n $now && $now != "$2" ]]
}

device_is_there() {
	ip -n "$netns" link show dev spate0 >/dev/null 2>&1
}

nothing_left() {
	netns_empty && ! device_is_there && [[ ! -e $rundir ]]
}

now_ms() {
	echo $(($(date +%s%N) / 1000000))
}

# stop SIGNAL [PID]: within 2 s and with nothing left
stop() {
	local from code=0
	from=$(now_ms)
	kill "-$1" -- "${2:-$pid}"
	wait "$pid" || code=$?
	local took=$(($(now_ms) - from))
	echo "      ended in $took ms"
	ok "$1 ends it within 2 s" test "$took" -le 2000
	ok "with exit code 0" test "$code" -eq 0
	ok "nothing is left" nothing_left
}
