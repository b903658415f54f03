#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tools/run --tls with a LAN beside it: https with a certificate that is kept while it serves, media
# forwarded to the TAP device meanwhile, and nothing of that left at the end, however it ends.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/launcher.sh"

address=192.168.77.1 later_address=192.168.77.9
state=$work/state

for program in openssl nft; do
	command -v "$program" >/dev/null || skip "$program is not installed"
done
if ! ip -n "$netns" link add lan0 type veth peer name lan1; then
	skip "no veth device can be made here"
fi
ip -n "$netns" address add "$address/24" dev lan0
ip -n "$netns" link set lan0 up
ip -n "$netns" link set lan1 up

# https HOST CERTIFICATE: readyz says 200 there, and the certificate is trusted and names HOST
https() {
	local line='' kind=hostname
	[[ $1 =~ ^[0-9.]+$ ]] && kind=ip
	read -r line < <(printf 'GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n' |
		inside timeout 3 openssl s_client -quiet -connect "$1:3000" -CAfile "$2" -verify_return_error \
			"-verify_$kind" "$1" 2>/dev/null) || true
	[[ $line == HTTP/1.?' 200'* ]]
}

# others_refused HOST: the certificate does not name it
others_refused() {
	! inside timeout 3 openssl s_client -connect localhost:3000 -CAfile "$state/tls.crt" -verify_return_error \
		-verify_hostname "$1" </dev/null >/dev/null 2>&1
}

fingerprint() {
	openssl x509 -in "$state/tls.crt" -noout -fingerprint -sha256
}

table() {
	inside nft list table ip spate_run 2>/dev/null
}

has_rule() {
	# Not through a pipe: grep ends at the first match, and nft may then die of SIGPIPE.
	grep -q "ip daddr $1 udp dport 20000-20200 dnat to 10.99.0.2" <<<"$(table)"
}

forwarding_is() {
	[[ $(inside cat /proc/sys/net/ipv4/ip_forward) == "$1" ]]
}

no_table() {
	! table >/dev/null
}

says() {
	grep -qF "$2" "$work/$1.err"
}

tls=(--no-build --tls --state-dir "$state")

start first "${tls[@]}"
ok "it is ready" until_true 40 said_ready first
ok "and says so in one line" test "$(cat "$work/first.out")" = "ready https://localhost:3000/"
ok "it names the address for other devices, and warns of the warning" until_true 2 \
	says first "from another device: https://$address:3000/ (the browser will warn: the certificate is self-signed)"
ok "https by name" https localhost "$state/tls.crt"
ok "https by the LAN's address" https "$address" "$state/tls.crt"
ok "the certificate is for nobody else" others_refused example.org
ok "the key is its owner's alone" test "$(stat -c %a "$state/tls.key")" = 600
ok "media for the LAN's address goes to the data plane" has_rule "$address"
ok "forwarding is on" forwarding_is 1
ok "candidates name the LAN's address too" grep -q "\"$address\"" "$rundir/run.json"
made=$(fingerprint)
if inside "$run" "${tls[@]}" --run-dir "$work/other" --http-port 3001 >"$work/other.out" 2>"$work/other.err"; then
	fail "another one succeeded on the same device"
fi
ok "another one that fails leaves the table" has_rule "$address"
ok "and forwarding" forwarding_is 1
victim=$(process spate-dataplane)
kill -KILL "$victim"
ok "after a data plane that died" until_true 10 another_process spate-dataplane "$victim"
ok "the page is healthy again" until_true 20 https localhost "$state/tls.crt"
ok "and media comes back from its device" test "$(inside cat /proc/sys/net/ipv4/conf/spate0/forwarding)" = 1
stop TERM
ok "the table is gone" no_table
ok "forwarding is off again" forwarding_is 0

start second "${tls[@]}"
ok "it starts again" until_true 40 said_ready second
ok "with the same certificate" test "$(fingerprint)" = "$made"
kill -KILL "$pid"
wait "$pid" 2>/dev/null || true
ok "killed, it takes its processes along" until_true 5 netns_empty
ok "and leaves the table" has_rule "$address"

start plain --no-build
ok "one without --tls starts over what that left" until_true 40 said_ready plain
ok "over http" test "$(cat "$work/plain.out")" = "ready http://localhost:3000/"
ok "and removes the table" no_table
ok "and switches forwarding off" forwarding_is 0
stop TERM

# The address is another one, and forwarding is the operator's own.
ip -n "$netns" address replace "$later_address/24" dev lan0
inside sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
start moved "${tls[@]}"
ok "with another address it starts" until_true 40 said_ready moved
ok "with another certificate" test "$(fingerprint)" != "$made"
ok "that names the address" https "$later_address" "$state/tls.crt"
ok "which media is forwarded for" grep -q "$later_address" <<<"$(table)"
ok "what others forward is left alone" test -z "$(table | grep only_ours)"
stop TERM
ok "the table is gone" no_table
ok "forwarding is left on" forwarding_is 1

# The user's own certificate and announced address.
mkdir "$work/own"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 -subj /CN=own \
	-addext subjectAltName=DNS:localhost -keyout "$work/own/key.pem" -out "$work/own/chain.pem" 2>/dev/null
cat >"$work/own.json" <<-END
	{"tls": {"certificate": "$work/own/chain.pem", "key": "$work/own/key.pem"}, "network": {"announced": ["$address"]}}
END
start own "${tls[@]}" --config "$work/own.json"
ok "with a certificate in the configuration it starts" until_true 40 said_ready own
ok "and says that it uses that one" says own "the configuration's own certificate is used, $work/own/chain.pem"
ok "and does" https localhost "$work/own/chain.pem"
ok "and forwards nothing where the configuration announces an address" no_table
stop TERM
start config --no-build --config "$work/own.json"
ok "without --tls such a configuration is served the same" until_true 40 said_ready config
ok "over https" test "$(cat "$work/config.out")" = "ready https://localhost:3000/"
stop TERM

echo '{"network": {"udp_port_base": 20300}}' >"$work/bad.json"
start bad "${tls[@]}" --config "$work/bad.json"
code=0
wait "$pid" || code=$?
ok "a wrong configuration ends it" test "$code" -ne 0
ok "and is named as the user knows it" says bad "$work/bad.json: network.udp_port_last"
ok "and nothing is left" nothing_left

# A kernel or a container that grants no nftables
mkdir "$work/bin"
printf '#!/bin/sh\necho "Error: Operation not permitted" >&2\nexit 1\n' >"$work/bin/nft"
chmod +x "$work/bin/nft"
PATH=$work/bin:$PATH start refused "${tls[@]}"
ok "where nftables is refused it starts as well" until_true 40 said_ready refused
ok "and says what other devices lack" says refused "media cannot be forwarded to spate0"
ok "and why" says refused "Operation not permitted"
ok "and announces nothing" test -z "$(grep announced "$rundir/run.json")"
stop INT "-$pid"
