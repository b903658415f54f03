#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tools/run in a namespace with no way out: it starts, stands in the way of a second one,
# starts again what is killed, ends within 2 s and leaves nothing behind.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/launcher.sh"

start first --no-install
ok "it is ready" until_true 100 said_ready first
ok "and says so in one line" test "$(cat "$work/first.out")" = "ready http://localhost:3000/"
ok "readyz says 200" healthy 3000
ok "the page is served" test "$(fetch_status 3000 /)" = 200
ok "the device is there" device_is_there

ok "spatectl shows the device" spatectl_shows_port
ok "and its link and counters are metrics" metrics_have_port

if inside "$run" --no-build --run-dir "$rundir" >"$work/second.out" 2>"$work/second.err"; then
	fail "a second start succeeded"
fi
ok "a second start says what is in the way" grep -q "running already: process $pid" "$work/second.err"
if inside "$run" --no-build --run-dir "$work/other" --http-port 3001 >"$work/third.out" 2>"$work/third.err"; then
	fail "a second start with another run directory succeeded"
fi
ok "so does one that wants the same device" grep -q spate0 "$work/third.err"
ok "and leaves nothing" test ! -e "$work/other"

for name in spate-controlplane spate-dataplane; do
	victim=$(process "$name")
	kill -KILL "$victim"
	ok "$name is started again" until_true 10 another_process "$name" "$victim"
	ok "and browsers can use it" until_true 20 healthy 3000
done
stop TERM

start again --no-build --http-port 3456
ok "it starts again, on another port" until_true 40 said_ready again
ok "and says which" test "$(cat "$work/again.out")" = "ready http://localhost:3456/"
kill -KILL "$pid"
ok "killed, it takes its processes along" until_true 5 netns_empty

start last --no-build
ok "it starts over what that left" until_true 40 said_ready last
victim=$(process spate-dataplane)
kill -KILL "$victim"
stop INT "-$pid" # as Ctrl-C does
