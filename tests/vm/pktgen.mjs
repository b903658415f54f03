// SPDX-License-Identifier: Apache-2.0
// tools/pktgen/kernel in a VM, whose kernel has pktgen: from a NIC that is the kernel's to one
// that is DPDK's. What it sends is let go by name, each packet once: as a stranger's, as RTP
// that is none, and as SRTP that does not authenticate.
import { check, log, test, until } from "../e2e/lib/test.mjs";
import { bindVfio, checkPort, counters, dropped, endSpate, lastWords, startSpate } from "./lib/spate.mjs";
import { Vm } from "./lib/vm.mjs";

const LIMIT_SECONDS = 300;
const COUNT = 20000;
const SENDER = "10.78.0.1", SPATE = "10.78.0.2";
const SPATE_MAC = "52:54:00:00:00:04";
const SPATE_PCI = "0000:00:04.0", SENDER_PCI = "0000:00:05.0";
const WIRE = "127.0.0.1:7000"; // in the test's own namespace

/**
 * Two NICs, each other's wire: a TCP connection, in which nothing is lost where one is slower.
 * qemu's `socket` listens and connects on one thread in the order of the arguments, so the client
 * always finds the server. `stream` does each in a thread of its own, in either order: a client
 * that is refused never tries again, and qemu drops all packets of both NICs without an error.
 * `hubport` drops packets while 10,000 others wait for the slower NIC.
 */
function wire() {
	const nic = "iommu_platform=on,disable-legacy=on,romfile=";
	return ["-netdev", `socket,id=a,listen=${WIRE}`, "-device", `virtio-net-pci,netdev=a,addr=4,mac=${SPATE_MAC},${nic}`,
		"-netdev", `socket,id=b,connect=${WIRE}`, "-device", `virtio-net-pci,netdev=b,addr=5,${nic}`];
}

/**
 * Runs it against a port; every packet must be counted as `reason`, or as `more` where there is one, and none as anything else.
 */
async function run(vm, device, { from, port, reason, more, size = 1154 }) {
	const before = await counters(vm);
	const words = await vm.run(`bash /kernel --device ${device} --from ${from} --to ${SPATE}:${port} --to-mac ${SPATE_MAC} ` +
		`--count ${COUNT} --size ${size}`, { seconds: 120 });
	log(`      ${words}`);
	let after, drops;
	await until("all have come", 30, async () => {
		after = await counters(vm);
		drops = dropped(before, after);
		return Object.values(drops).reduce((a, b) => a + b, 0) >= COUNT;
	}, { quiet: true });
	check(drops[reason] > 0 && drops[reason] + (drops[more] ?? 0) === COUNT &&
		Object.keys(drops).every((name) => name === reason || name === more), `port ${port}: let go as ${JSON.stringify(drops)}`);
	check(after.sum.rtp_out === before.sum.rtp_out, "and nothing of it has gone out");
}

await test(async ({ defer }) => {
	const vm = new Vm();
	defer((failed) => vm.end(failed));
	await vm.start(wire());
	defer(async (failed) => failed && console.log(await lastWords(vm)));
	await bindVfio(vm, SPATE_PCI);
	const device = await vm.run(`modprobe virtio_pci && modprobe virtio_net
		device=(/sys/bus/pci/devices/${SENDER_PCI}/virtio*/net/*)
		device=\${device##*/}
		ip address add ${SENDER}/24 dev $device && ip link set $device up && echo $device`);
	await startSpate(vm, { pci: SPATE_PCI, address: `${SPATE}/24`, workers: 1 });
	await checkPort(vm, "net_virtio");

	await run(vm, device, { from: `${SENDER}:9`, port: 20000, reason: "unknown_tuple" });
	const clear = await vm.spatectl("plain", "produce", "clear", "VP8", `from=${SENDER}:9`);
	await run(vm, device, { from: `${SENDER}:9`, port: clear.port, reason: "rtp_malformed" });
	await run(vm, device, { from: `${SENDER}:10`, port: clear.port, reason: "unknown_tuple", size: 60 });
	for (const suite of ["AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80"]) {
		const made = await vm.spatectl("plain", "produce", suite, "VP8", `from=${SENDER}:9`, `srtp=${suite}`);
		await run(vm, device, { from: `${SENDER}:9`, port: made.port, reason: "srtp_auth", more: "forged_rate" });
	}
	await endSpate(vm);
}, { limit: LIMIT_SECONDS });
