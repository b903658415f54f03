# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Functions that the scripts in tools/ share. Sourced, not run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
program=tools/$(basename "$0")

# Progress goes to stderr, so that stdout has only results.
say() {
	printf '%s: %s\n' "$program" "$*" >&2
}

die() {
	say "$*"
	exit 1
}

usage_error() {
	say "$* (--help says what there is)"
	exit 2
}

as_root() {
	if ((EUID == 0)); then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "needs root, and there is no sudo: run it as root"
	fi
}

# --- packages ---------------------------------------------------------------------

have_node() {
	local version
	command -v npm >/dev/null || return 1
	version=$(node --version 2>/dev/null) || return 1
	version=${version#v}
	((${version%%.*} >= 18))
}

listed_packages() {
	local filter=cat
	if have_node; then
		filter='grep -vxE nodejs|npm'
	fi
	sed 's/#.*//; s/[[:space:]]//g; /^$/d' "$root/tools/packages.txt" | $filter
}

missing_packages() {
	local package
	for package in $(listed_packages); do
		if [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) != installed ]]; then
			echo "$package"
		fi
	done
}

install_packages() {
	local -a missing
	mapfile -t missing < <(missing_packages)
	((${#missing[@]})) || return 0
	command -v apt-get >/dev/null || die "needs the packages of Debian 12: ${missing[*]}"
	say "installing ${missing[*]}"
	as_root apt-get update >&2
	as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install --yes --no-install-recommends "${missing[@]}" >&2
}

# The tests' VM boots Debian's kernel for virtual machines. The package is unpacked under build/ and
# not installed, so that this machine's own kernel stays as it is.
have_kernel() {
	[[ -f $root/build/vm/kernel/vmlinuz ]]
}

download_kernel() {
	local package
	package=$(apt-cache show --no-all-versions linux-image-cloud-amd64 2>/dev/null |
		sed -nE 's/^Depends: (linux-image-[^ ,]+).*/\1/p')
	[[ -n $package ]] && (cd "$1" && apt-get download "$package") >&2
}

fetch_kernel() {
	local dir=$root/build/vm
	if have_kernel || [[ $(dpkg --print-architecture 2>/dev/null) != amd64 ]]; then
		return
	fi
	say "fetching the kernel of the tests' VM"
	rm -rf "$dir"
	mkdir -p "$dir/package"
	if ! download_kernel "$dir/package"; then
		as_root apt-get update >&2
		download_kernel "$dir/package" || die "Debian's linux-image-cloud-amd64 cannot be fetched"
	fi
	dpkg-deb --extract "$dir"/package/*.deb "$dir/package/files"
	mkdir "$dir/package/kernel"
	mv "$dir"/package/files/boot/vmlinuz-* "$dir/package/kernel/vmlinuz"
	mv "$dir/package/files/lib" "$dir/package/kernel/lib"
	mv "$dir/package/kernel" "$dir/kernel"
	rm -rf "$dir/package"
}

# Prometheus' promtool checks the alert rules and runs them. The package has a service, which this
# machine need not run; so this program alone is taken out of it. Without it those tests are skipped.
fetch_promtool() {
	local dir=$root/build/prometheus
	if [[ -x $dir/promtool ]]; then
		return
	fi
	say "fetching promtool, which tests the alert rules"
	rm -rf "$dir"
	mkdir -p "$dir/package"
	if (cd "$dir/package" && apt-get download prometheus) >&2 &&
		dpkg-deb --extract "$dir"/package/*.deb "$dir/package/files"; then
		mv "$dir/package/files/usr/bin/promtool" "$dir/promtool"
	else
		say "promtool cannot be fetched"
	fi
	rm -rf "$dir/package"
}

# --- npm --------------------------------------------------------------------------

# A copy of the lock file in node_modules tells which lock file it was installed from.
npm_current() {
	cmp --silent "$1/package-lock.json" "$1/node_modules/.spate-lock"
}

npm_install() {
	local dir=$root/$1
	npm_current "$dir" && return
	say "npm ci in $1"
	(cd "$dir" && npm ci --no-audit --no-fund) >&2
	cp "$dir/package-lock.json" "$dir/node_modules/.spate-lock"
}

build_page() {
	local web=$root/controlplane/web
	if [[ -f $web/dist/index.html && -z $(find "$web/src" "$web/build.mjs" "$web/package-lock.json" \
		-newer "$web/dist/index.html" -print -quit) ]]; then
		return
	fi
	say "building the page"
	(cd "$web" && npm run --silent build) >&2
	touch "$web/dist/index.html"
}

# --- meson ------------------------------------------------------------------------

# build_tree DIRECTORY OPTION...
build_tree() {
	local dir=$root/$1
	shift
	if [[ ! -f $dir/build.ninja ]]; then
		say "meson setup ${dir#"$root"/}"
		rm -rf "$dir"
		meson setup --fatal-meson-warnings "$dir" "$root" "$@" >&2
	fi
	say "compiling ${dir#"$root"/}"
	ninja -C "$dir" >&2
}
