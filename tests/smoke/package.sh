#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The package: it is built, lintian finds no error, everything an operator expects is in it and
# works, and its units give the processes little (systemd-analyze security).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$root/tests/lib/netns.sh"

for program in dpkg-buildpackage dh lintian systemd-analyze man; do
	command -v "$program" >/dev/null || skip "$program is not installed"
done
[[ -f $root/controlplane/web/dist/index.html ]] || skip "the page is not built"
git -C "$root" rev-parse --quiet --verify HEAD >/dev/null || skip "the tree is no repository"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
files=$work/files

"$root/tools/package" --no-install >"$work/name"
ok "it is built, and lintian finds no error" test -s "$work/name"
dpkg-deb --extract "$(cat "$work/name")" "$files"
for file in usr/sbin/spate-dataplane usr/sbin/spate-controlplane usr/bin/spatectl \
	usr/share/spate/web/{index.html,main.js,player.html} usr/share/spate/config.schema.json \
	lib/systemd/system/spate-{dataplane,controlplane,record@}.service usr/lib/{sysusers,tmpfiles}.d/spate.conf \
	usr/share/bash-completion/completions/spatectl \
	usr/share/man/man8/spate-{dataplane,controlplane}.8.gz usr/share/man/man{1/spatectl.1,5/spate.json.5}.gz; do
	ok "it has $file" test -s "$files/$file"
done
for program in dataplane controlplane; do
	ok "spate-$program accepts the configuration that comes with it" \
		"$files/usr/sbin/spate-$program" --config "$files/etc/spate/spate.json" --check-config
done

documented() {
	local command
	zcat "$files/usr/share/man/man1/spatectl.1.gz" >"$work/spatectl.1"
	for command in $("$files/usr/bin/spatectl" --help | sed -nE 's/^  -{0,2}([a-z][a-z-]*) .*/\1/p'); do
		grep -qE "^\.B[RI]*.*\b${command//-/\\\\-}\b" "$work/spatectl.1" || fail "spatectl.1 says nothing of $command"
	done
}
ok "spatectl.1 has each command and option" documented

complaints() {
	local page
	for page in "$files"/usr/share/man/man*/*; do
		{ MANWIDTH=80 man --warnings --local-file "$page" >/dev/null; } 2>&1
	done
}
ok "manual pages have no errors" test -z "$(complaints)"

# exposed UNIT TENTHS: systemd-analyze's level of exposure is at most so many tenths
exposed() {
	systemd-analyze security --offline=true --threshold="$2" "$files/lib/systemd/system/$1" >"$work/security" 2>&1 ||
		fail "$(tail -n 1 "$work/security")"
}
ok "the control plane's unit is exposed by at most 3.0" exposed spate-controlplane.service 30
ok "the data plane's by at most 5.0" exposed spate-dataplane.service 50

# systemd reads them without a complaint: of a mistake it says a line and ends with 0.
cp -n /lib/systemd/system/*.{target,slice} "$files/lib/systemd/system/"
install -D /bin/kill "$files/bin/kill"
understood() {
	local said
	said=$(systemd-analyze verify --man=no --root="$files" "$1" 2>&1 || echo failed)
	[[ -z $said ]] || fail "$1: $said"
}
for unit in spate-dataplane spate-controlplane spate-record@show; do
	ok "systemd understands $unit.service" understood "$unit.service"
done

# What the unit starts is a right use of the command: it ends for lack of a control plane (4), not with 2.
record_command() {
	local -a words
	local code=0
	mapfile -t words < <(sed -n 's/^ExecStart=//p' "$files/lib/systemd/system/spate-record@.service" | xargs -n 1)
	words=("${words[@]/\$\{DIRECTORY\}/$work}")
	words=("${words[@]/%I/-a room}")
	words=("${words[@]/#\/etc/$files/etc}")
	"$files${words[0]}" --run-dir "$work/none" "${words[@]:1}" 2>"$work/record" || code=$?
	((code == 4)) || fail "$code: $(cat "$work/record")"
}
ok "the recording's unit uses spatectl rightly" record_command

completes() {
	# shellcheck source=/dev/null
	source "$files/usr/share/bash-completion/completions/spatectl"
	PATH=$files/usr/bin:$PATH COMP_WORDS=(spatectl "$1") COMP_CWORD=1
	_spatectl
	[[ " ${COMPREPLY[*]} " == *" $2 "* ]]
}
if ((EUID == 0)) && command -v node >/dev/null; then
	ran=0
	node "$root/tests/smoke/installed.mjs" "$(cat "$work/name")" || ran=$?
	((ran == 0 || ran == SKIPPED)) || fail "installed.mjs"
fi
ok "bash completes commands" completes transp transports
ok "and options" completes --js --json
