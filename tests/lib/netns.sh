# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A network namespace for one test, and what a test says. Sourced, not run.

readonly SKIPPED=77

skip() {
	echo "SKIP: $*"
	exit "$SKIPPED"
}

fail() {
	echo "FAIL: $*"
	exit 1
}

# ok WORDS COMMAND...: the command must succeed.
ok() {
	local words=$1
	shift
	"$@" || fail "$words"
	echo "ok    $words"
}

# until_true SECONDS COMMAND...: asks every 50 ms.
until_true() {
	local end=$((SECONDS + $1 + 1))
	shift
	while ! "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.05
	done
}

# netns_add: makes $netns, with nothing in it but a loopback that is up.
netns_add() {
	((EUID == 0)) || skip "a network namespace needs root"
	command -v ip >/dev/null || skip "ip (iproute2) is not installed"
	netns=spate-test-$$
	ip netns add "$netns" 2>/dev/null || skip "no network namespace can be made here"
	if ! ip -n "$netns" link set lo up; then
		ip netns del "$netns"
		skip "a network namespace cannot be entered here"
	fi
}

inside() {
	ip netns exec "$netns" "$@"
}

# Firefox gathers no candidates on a machine that has no default route.
netns_default_route() {
	ip -n "$netns" route replace default via 10.99.0.2 dev spate0
}

# Ends what still runs in the namespace, which is this test's alone, and removes it.
netns_remove() {
	local signal pid
	for signal in TERM KILL; do
		for pid in $(ip netns pids "$netns"); do
			kill "-$signal" "$pid" 2>/dev/null || true
		done
		until_true 2 netns_empty && break
	done
	ip netns del "$netns"
}

netns_empty() {
	[[ -z $(ip netns pids "$netns") ]]
}
