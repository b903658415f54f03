# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Forwards media from the LAN to the data plane behind the TAP device: packets that other devices
# send to this machine's addresses are forwarded to 10.99.0.2, and conntrack rewrites the replies.
# Sourced, not run.

tap_device=spate0 tap_address=10.99.0.2
forwarding_switch=/proc/sys/net/ipv4/ip_forward

# Prints the nftables rules. The table also records what to undo when a killed tools/run could not:
# it has the chain only_ours if forwarding was off before. That chain keeps the machine from
# forwarding anything else meanwhile.
forwarding_rules() {
	local first=$1 last=$2 addresses
	shift 2
	addresses=$(printf '%s, ' "$@")
	cat <<-END
		table ip spate_run
		delete table ip spate_run
		table ip spate_run {
			chain prerouting {
				type nat hook prerouting priority dstnat
				ip daddr { ${addresses%, } } udp dport $first-$last dnat to $tap_address
			}
	END
	if [[ $(<"$forwarding_switch") == 0 ]]; then
		cat <<-'END'
			chain only_ours {
				type filter hook forward priority filter; policy drop
				ct status dnat accept
			}
		END
	fi
	echo '}'
}

# forwarding_start FIRST-PORT LAST-PORT ADDRESS...: fails with a message if forwarding is not
# possible
forwarding_start() {
	local words
	if ip link show dev "$tap_device" >/dev/null 2>&1; then
		words="$tap_device exists already and belongs to another process"
	elif ! command -v nft >/dev/null; then
		words='nft (nftables) is not installed'
	elif ! words=$(forwarding_rules "$@" | nft -f - 2>&1); then
		words="nft: ${words%%$'\n'*}"
	elif [[ $(<"$forwarding_switch") == 0 ]] && ! echo 1 2>/dev/null >"$forwarding_switch"; then
		words="net.ipv4.ip_forward cannot be switched on"
		nft delete table ip spate_run
	else
		return 0
	fi
	say "media cannot be forwarded to $tap_device, so other devices get the page without media: $words"
	return 1
}

forwarding_end() {
	if nft list chain ip spate_run only_ours >/dev/null 2>&1; then
		echo 0 >"$forwarding_switch"
	fi
	nft delete table ip spate_run
}

# Removes the table that a killed tools/run left. While the TAP device exists the table is in use.
forwarding_sweep() {
	if command -v nft >/dev/null && nft list table ip spate_run >/dev/null 2>&1 &&
		! ip link show dev "$tap_device" >/dev/null 2>&1; then
		forwarding_end
	fi
}
