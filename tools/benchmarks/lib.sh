# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the benchmarks share: a network namespace with both servers, and which process runs on which
# core. Sourced, not run, by a benchmark that has sourced tools/lib.sh.

source "$root/tests/lib/netns.sh"
source "$root/tools/benchmarks/pages.sh"

build=${SPATE_BUILD_DIR:-$root/build}
servers=()

need_programs() {
	local name
	for name; do
		[[ -x $build/$name ]] || skip "not built: $name"
	done
}

# need_number OPTION VALUE MIN MAX: ends the program unless VALUE is a number from MIN to MAX
need_number() {
	[[ ${2:-} =~ ^[0-9]+$ ]] && ((10#$2 >= $3 && 10#$2 <= $4)) || usage_error "$1 needs a number from $3 to $4"
}

need_list() {
	[[ ${2:-} =~ ^[0-9]+(,[0-9]+){0,6}$ ]] || usage_error "$1 needs numbers with commas between them"
}

# --- cores ------------------------------------------------------------------------

# The load generator gets the last core, which only the data plane, whose threads are not pinned,
# may use as well. On a single core everything shares it.
choose_cores() {
	cores=$(nproc)
	load_core=$((cores - 1))
	control_cores=0
	if ((cores > 2)); then
		control_cores=0-$((cores - 2))
	fi
	pinning="control plane: $control_cores, load: $load_core, data plane: all"
}

on_cores() {
	taskset --cpu-list "$@"
}

# machine BENCHMARK: prints the line that tells which machine the figures are from
machine() {
	local model
	model=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)
	printf '{"benchmark":"%s","case":"machine","cpu":"%s","cores":%d,"pinning":"%s"}\n' \
		"$1" "${model//[\"\\]/}" "$cores" "$pinning"
	say "$cores cores of ${model:-an unknown CPU}; $pinning"
}

# --- servers ----------------------------------------------------------------------

healthy() {
	# shellcheck disable=SC2016 # for the shell inside
	[[ $(inside bash -c 'exec 3<>/dev/tcp/127.0.0.1/3000 && printf "GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n" >&3 &&
		read -r -t 2 _ code _ <&3 && echo "$code"' 2>/dev/null) == 200 ]]
}

device_is_up() {
	ip -n "$netns" -4 -o address show dev spate0 2>/dev/null | grep -q inet
}

# servers_start CONFIG: starts both servers, with their output in $work; $control_pid is the control
# plane
servers_start() {
	mkdir -p "$work/run"
	# Not through the function inside: the process of ip becomes the server, so that $! is the
	# server's.
	ip netns exec "$netns" "$build/dataplane/spate-dataplane" --config "$1" >"$work/dataplane.log" 2>&1 &
	servers=($!)
	until_true 20 device_is_up || die "the data plane does not start: $(tail -n 3 "$work/dataplane.log")"
	# The TAP's queue stands for a wire and should not be where the packets of a burst are lost.
	ip -n "$netns" link set dev spate0 txqueuelen 20000
	ip netns exec "$netns" taskset --cpu-list "$control_cores" "$build/controlplane/spate-controlplane" --config "$1" \
		>"$work/controlplane.log" 2>&1 &
	control_pid=$!
	servers+=("$control_pid")
	until_true 20 healthy || die "the control plane does not start: $(tail -n 3 "$work/controlplane.log")"
}

servers_stop() {
	local pid
	for pid in "${servers[@]}"; do
		kill -TERM "$pid" 2>/dev/null || true
	done
	for pid in "${servers[@]}"; do
		wait "$pid" 2>/dev/null || true
	done
	servers=()
}

# --- begin and end --------------------------------------------------------------------

bench_begin() {
	netns_add
	work=$(mktemp -d)
	trap bench_end EXIT
	trap 'exit 130' INT TERM
}

bench_end() {
	servers_stop
	netns_remove
	rm -rf "$work"
}
