#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# no_aes.sh DATAPLANE SPATECTL CHURN: on a CPU without AES instructions, which qemu-x86_64 emulates, the
# data plane takes libsrtp2, says so, and forwards.
set -euo pipefail
dataplane=$1 spatectl=$2 churn=$3

if ! command -v qemu-x86_64 >/dev/null; then
	echo "skipped: no qemu-x86_64 (Debian's qemu-user) for a CPU without AES instructions"
	exit 77
fi
work=$(mktemp -d /tmp/spate-no-aes-XXXXXX)
pid=
end() {
	[[ -z $pid ]] || kill "$pid" 2>/dev/null || true
	wait
	rm -rf "$work"
}
trap end EXIT

fail() {
	echo "FAILED: $*"
	cat "$work/log"
	exit 1
}

cat >"$work/dataplane" <<END
#!/bin/sh
exec qemu-x86_64 -cpu Nehalem '$dataplane' "\$@"
END
chmod +x "$work/dataplane"
cat >"$work/config.json" <<-'END'
	{"network": {"ports": [{"device": "net_null0", "addresses": ["10.1.0.2/8"]}]},
	 "dataplane": {"idle_sleep_us": 1000}}
END

"$work/dataplane" --config "$work/config.json" --run-dir "$work/run" 2>"$work/log" &
pid=$!
for ((i = 0; i < 600; i++)); do
	grep -q 'dataplane ready' "$work/log" && break
	sleep 0.1
done
grep -q 'warn data srtp-engine engine=libsrtp2 reason="this CPU has no AES instructions"' "$work/log" ||
	fail "the data plane does not say which engine it has taken, and why"
# spatectl says that there is no control plane too: its exit code is not 0.
"$spatectl" --run-dir "$work/run" status >"$work/status" || true
grep -qw libsrtp2 "$work/status" || fail "spatectl does not say which engine runs: $(cat "$work/status")"
kill -TERM "$pid"
wait "$pid" || fail "the data plane did not end by itself"
pid=

# Media, checked packet by packet.
SPATE_DATAPLANE=$work/dataplane "$churn" 3 10
