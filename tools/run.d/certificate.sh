# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The self-signed certificate of tools/run --tls. Sourced, not run.

# Browsers accept no longer validity. The certificate is replaced a day before it expires, and
# whoever trusted it is asked again.
certificate_days=397 certificate_renew_s=86400

# Prints lines "DEVICE ADDRESS": the addresses by which others may reach this machine. Short-lived
# addresses are left out, because each would need a new certificate.
machine_addresses() {
	ip -o address show up scope global |
		awk '$2 != "spate0" && !/ (temporary|tentative|deprecated) / {sub("/.*", "", $4); print $2, $4}'
}

# Prints the IPv4 addresses by which another device on a network reaches the HTTP server. Devices
# without a carrier, such as an unused bridge or port, are left out.
lan_addresses() {
	local device address
	while read -r device address; do
		[[ $address != *:* ]] || continue
		case $http_address in
		'' | 0.0.0.0 | :: | "$address") ;;
		*) continue ;;
		esac
		if ip -o link show dev "$device" | grep -q LOWER_UP; then
			echo "$address"
		fi
	done < <(machine_addresses)
}

# Prints lines "host NAME" and "ip ADDRESS", which openssl x509 takes as -checkhost and -checkip.
certificate_names() {
	local name
	printf '%s\n' 'host localhost' 'ip 127.0.0.1' 'ip ::1'
	name=$(uname -n)
	if [[ $name =~ ^[A-Za-z0-9.-]+$ && $name != localhost ]]; then
		echo "host $name"
	fi
	machine_addresses | sed 's/.* /ip /'
}

# certificate_serves CERTIFICATE KEY: true if it does not expire soon, belongs to the key and holds
# every present name
certificate_serves() {
	local kind name
	openssl x509 -in "$1" -noout -checkend "$certificate_renew_s" >/dev/null 2>&1 || return 1
	cmp --silent <(openssl x509 -in "$1" -noout -pubkey) <(openssl pkey -in "$2" -pubout 2>/dev/null) || return 1
	while read -r kind name; do
		openssl x509 -in "$1" -noout "-check$kind" "$name" | grep -q 'does match' || return 1
	done < <(certificate_names)
}

# make_certificate CERTIFICATE KEY. It has its own configuration, so that the system's has no
# effect.
make_certificate() (
	umask 077
	names=$(certificate_names | sed 's/^host /DNS:/; s/^ip /IP:/' | paste -sd,)
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -sha256 -days "$certificate_days" \
		-keyout "$2.new" -out "$1.new" -config /dev/stdin <<-END
			[req]
			prompt = no
			distinguished_name = name
			x509_extensions = server
			[name]
			CN = Spate, self-signed
			[server]
			subjectAltName = $names
			basicConstraints = critical, CA:FALSE
			keyUsage = critical, digitalSignature
			extendedKeyUsage = serverAuth
	END
	[[ -s $1.new ]] && chmod 0644 "$1.new" && mv "$2.new" "$2" && mv "$1.new" "$1"
)

# ready_certificate DIRECTORY: provides tls.crt and tls.key there, and keeps the existing ones if
# they still serve
ready_certificate() {
	local certificate=$1/tls.crt key=$1/tls.key words
	command -v openssl >/dev/null || die "--tls needs openssl to make a certificate, and it is not installed"
	mkdir -p "$1" || die "--tls cannot keep a certificate in $1; --state-dir takes another directory"
	certificate_serves "$certificate" "$key" && return
	if ! words=$(make_certificate "$certificate" "$key" 2>&1); then
		die "openssl made no certificate: $words"
	fi
	say "made a certificate, $certificate: browsers that trusted an earlier one ask again"
}
