# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Pages of 2 MiB for benchmarks. Sourced, not run.

bench_pages=512

# reserve_pages: reserves pages of 2 MiB, which both processes of a benchmark use for all their
# memory. $huge is false afterwards if the kernel does not have half of them free.
huge=true pages_before=
reserve_pages() {
	local pages=/proc/sys/vm/nr_hugepages
	$huge || return 0
	pages_before=$(<"$pages")
	((pages_before >= bench_pages)) || echo "$bench_pages" >"$pages"
	(($(sed -n 's/^HugePages_Free: *//p' /proc/meminfo) >= bench_pages / 2)) || huge=false
}

release_pages() {
	[[ -z $pages_before ]] || echo "$pages_before" >/proc/sys/vm/nr_hugepages
}
