#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Both processes, started as root, serve nobody as root: each has a user of its own, no capabilities
# and few system calls, in each thread. The control plane still reads its keys again, serves the page
# below a directory that its user cannot enter, reconnects, and ends with tools/run.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/launcher.sh"

readonly dac_read_search=0000000000000004

# field FILE NAME: the fields of one line of /proc/PID/status
field() {
	awk -v name="$2:" '$1 == name {$1 = ""; print substr($0, 2)}' "$1"
}

# tasks PID FIELD VALUE: each thread has that value
tasks() {
	local status
	for status in /proc/"$1"/task/*/status; do
		if [[ $(field "$status" "$2") != "$3" ]]; then
			echo "$status: $2 $(field "$status" "$2"), not $3"
			return 1
		fi
	done
}

# reloaded WHAT TIMES
reloaded() {
	(($(grep -c "reloaded what=$1" "$work/first.err") == $2))
}

chmod 0700 "$work" # as a private home directory: the run directory and the certificate are in it
(umask 077 && echo 'only-root-reads-this-token' >"$work/token")
echo "{\"admin\":{\"token_file\":\"$work/token\"}}" >"$work/first.json"
start first --no-build --tls --state-dir "$work/state" --config "$work/first.json"
ok "it is ready" until_true 40 said_ready first
# account NAME FALLBACK OPTION: an id of an account, or the number that stands for it
account() {
	id "$3" "$1" 2>/dev/null || echo "$2"
}

# restricted PROCESS UID GID
restricted() {
	local process=$1 pid set
	pid=$(process "$process")
	ok "$process has a user of its own" tasks "$pid" Uid "$2 $2 $2 $2"
	ok "and a group" tasks "$pid" Gid "$3 $3 $3 $3"
	ok "and no other groups" tasks "$pid" Groups ""
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		ok "no thread has a capability in $set" tasks "$pid" "$set" 0000000000000000
	done
	ok "and none gets any by executing a file" tasks "$pid" NoNewPrivs 1
	ok "the system calls of each thread are restricted" tasks "$pid" Seccomp 2
	ok "its memory is never swapped, or it says that it cannot prevent it" locked "$pid"
	ok "it leaves no core file, and its user cannot read its memory" hidden "$pid"
}

# hidden PID: the kernel gives the files of a process that is not dumpable to root (proc(5)), and
# writes no core file of it (prctl(2), PR_SET_DUMPABLE).
hidden() {
	[[ $(stat -c %u "/proc/$1/mem") == 0 && $(field "/proc/$1/status" Uid) != 0* ]]
}

# locked PID: mappings are locked (lo) when a page of them is used. Some containers' root may not
# raise the limit of locked memory.
locked() {
	if (ulimit -l unlimited) 2>/dev/null; then
		grep -q '^VmFlags:.* lo' "/proc/$1/smaps"
	else
		(($(grep -c memory-not-locked "$work/first.err") == 2))
	fi
}

control=$(process spate-controlplane)
uid=$(account spate 61000 -u)
gid=$(account spate 61000 -g)
restricted spate-controlplane "$uid" "$gid"
restricted spate-dataplane "$(account spate-data 61001 -u)" "$(account spate-data 61001 -g)"

keys=$(process spate-keys)
ok "a process that opens key files is not root either" tasks "$keys" Uid "$uid $uid $uid $uid"
ok "and has the right to read alone" tasks "$keys" CapPrm "$dac_read_search"
ok "and gets no other" tasks "$keys" CapBnd 0000000000000000
ok "and leaves no core file" hidden "$keys"
ok "it has no files but its socket" test "$(find "/proc/$keys/fd" -mindepth 1 | wc -l)" = 4
ok "the key is root's alone" test "$(stat -c '%u %a' "$work/state/tls.key")" = "0 600"
kill -HUP "$control"
ok "it is read again" until_true 5 reloaded tls 1
ok "and so is the token for the metrics" until_true 5 reloaded admin 1

victim=$(process spate-dataplane)
kill -KILL "$victim"
ok "the data plane is started again" until_true 10 another_process spate-dataplane "$victim"
grew() {
	(($(grep -c 'control-plane-connected' "$work/first.err") == 2))
}
ok "and the control plane connects to it" until_true 20 grew
ok "it is the same process" test "$(process spate-controlplane)" = "$control"
kill -KILL "$pid"
ok "killed, tools/run takes all along" until_true 5 netns_empty

cp -r "$root/controlplane/web/dist" "$work/web"
echo "{\"http\":{\"web_root\":\"$work/web\"}}" >"$work/plain.json"
start plain --no-build --config "$work/plain.json"
ok "it starts over what that left" until_true 40 said_ready plain
ok "the page below a private directory is served" test "$(fetch_status 3000 /)" = 200
ok "without keys, no process opens them" test -z "$(process spate-keys)"
stop TERM

# A low port is bound before root is dropped.
start low --no-build --http-port 80
ok "it starts on port 80" until_true 40 said_ready low
control=$(process spate-controlplane)
ok "without the capability for it" tasks "$control" CapPrm 0000000000000000
ok "and serves there" test "$(fetch_status 80 /)" = 200
stop TERM
