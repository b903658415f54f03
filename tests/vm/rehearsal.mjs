// SPDX-License-Identifier: Apache-2.0
// The data plane on a NIC's real driver, without a NIC: in a VM, on what qemu emulates, by
// vfio-pci and hugepages, with an agent's core and two workers'. Streams go in from this side
// of the wire and to viewers on this side: every packet of every viewer is decrypted here and
// compared, the counts are exact, and both queues have been used.
import { execFileSync } from "node:child_process";
import { bindVfio, checkPort, counters, dropped, endSpate, lastWords, startSpate } from "./lib/spate.mjs";
import { Stream, Viewer } from "./lib/stream.mjs";
import { Vm } from "./lib/vm.mjs";
import { check, log, Skip, test } from "../e2e/lib/test.mjs";

const LIMIT_SECONDS = 400;
const SUITES = ["", "AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80", "AEAD_AES_256_GCM"];

/*
 * qemu's virtio-net has as many queues as its TAP has. Its e1000e has one for DPDK's driver. Its
 * vmxnet3 has several and delivers to the first alone: what is another worker's is handed over.
 */
const NICS = [
	{ name: "virtio", driver: "net_virtio", workers: 2, queues: 2, packets: 1000, suites: SUITES,
		device: "virtio-net-pci,mq=on,vectors=6,iommu_platform=on,disable-legacy=on" },
	{ name: "e1000e", driver: "net_e1000_em", workers: 1, queues: 1, packets: 300, suites: SUITES.slice(0, 2), device: "e1000e" },
	{ name: "vmxnet3", driver: "net_vmxnet3", workers: 2, queues: 1, packets: 300, suites: SUITES.slice(0, 2), device: "vmxnet3" },
].map((nic, i) => ({ ...nic, here: `10.77.${i}.1`, there: `10.77.${i}.2`, tap: `vm${i}`, pci: `0000:00:0${4 + i}.0` }));

/** A TAP device of this namespace, and the NIC in the VM that is its other end. */
function plug({ tap, here, pci, queues, device }, i) {
	try {
		execFileSync("ip", ["tuntap", "add", tap, "mode", "tap", ...(queues > 1 ? ["multi_queue"] : []), "vnet_hdr"]);
	} catch (error) {
		throw new Skip(`no TAP device can be made: ${error.message}`);
	}
	execFileSync("ip", ["address", "add", `${here}/24`, "dev", tap]);
	execFileSync("ip", ["link", "set", tap, "up"]);
	return ["-netdev", `tap,id=net${i},ifname=${tap},script=no,downscript=no,vhost=off${queues > 1 ? `,queues=${queues}` : ""}`,
		"-device", `${device},netdev=net${i},addr=${pci.slice(8, 10)},mac=52:54:00:00:00:0${i},romfile=`];
}

/** A stream for each suite, each with a viewer for each. An even port is worker 0's, an odd one worker 1's, where there are two. */
async function streams(vm, { here, suites }) {
	const words = (suite) => (suite ? ` srtp=${suite}` : "");
	const script = suites.map((suite, i) => `spatectl --json plain produce room${i} VP8 port=${20010 + i} from=${here}:${5000 + i}${words(suite)}
		${suites.map((s, k) => `spatectl --json plain consume room${i} video port=${20050 + 16 * i + k} to=${here}:${6000 + 16 * i + k}${words(s)}`).join("\n")}`);
	const text = await vm.run(`set -e\n${script.join("\n")}`);
	const made = JSON.parse(`[${text.replace(/\}\s*\{/g, "},{")}]`);
	return Promise.all(suites.map(async (_, i) => {
		const [source, ...sinks] = made.splice(0, 1 + suites.length);
		const viewers = await Promise.all(sinks.map((sink, k) => Viewer.open(here, 6000 + 16 * i + k, sink)));
		return Stream.open(here, 5000 + i, source, viewers);
	}));
}

function checkQueues({ workers }, before, after) {
	const grown = (name) => after.workers.map((w, i) => w[name] - before.workers[i][name]);
	const [rx, tx, handed] = ["rx_packets", "tx_packets", "handed_off"].map(grown);
	log(`      packets in by queue: ${rx.join(", ")}; out: ${tx.join(", ")}; handed over: ${handed.join(", ")}`);
	return { rx, tx, handed, all: rx.length === workers };
}

async function rehearse(vm, nic) {
	log(`----  ${nic.name}, ${nic.workers} workers`);
	await bindVfio(vm, nic.pci);
	await startSpate(vm, { pci: nic.pci, address: `${nic.there}/24`, workers: nic.workers });
	await checkPort(vm, nic.driver);
	const all = await streams(vm, nic);
	const before = await counters(vm);
	const from = Date.now();
	await Promise.all(all.map((s) => s.send(nic.packets)));
	const seconds = (Date.now() - from) / 1000;
	const after = await counters(vm);
	const sent = nic.packets * all.length, out = sent * nic.suites.length;
	check(after.sum.rtp_in - before.sum.rtp_in === sent, `${sent} packets of ${all.length} streams went in`);
	check(after.sum.rtp_out - before.sum.rtp_out === out, `${out} went out, within ${seconds.toFixed(1)} s`);
	check(all.every((s) => s.viewers.every((v) => v.received === nic.packets)), "each viewer has each once, in order, unchanged");
	check(Object.keys(dropped(before, after)).length === 0, `nothing was dropped ${JSON.stringify(dropped(before, after))}`);
	const { rx, tx, handed } = checkQueues(nic, before, after);
	check(tx.every((n) => n > 0), "every worker has sent");
	if (nic.queues === nic.workers)
		check(rx.every((n) => n > 0), "every queue has received");
	else
		check(rx[1] === 0 && handed[0] > 0, "one queue receives, and hands over what is the other worker's");
	const port = await checkPort(vm, nic.driver);
	check(port.rx_missed === 0 && port.tx_errors === 0 && port.rx_nombuf === 0, "the NIC has lost nothing");
	all.forEach((s) => s.close());
	await endSpate(vm);
}

await test(async ({ defer }) => {
	const vm = new Vm();
	defer((failed) => vm.end(failed));
	await vm.start(NICS.flatMap(plug));
	defer(async (failed) => failed && console.log(await lastWords(vm), execFileSync("ip", ["-s", "link"], { encoding: "utf8" })));
	for (const nic of NICS)
		await rehearse(vm, nic);
}, { limit: LIMIT_SECONDS });
