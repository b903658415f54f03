// SPDX-License-Identifier: Apache-2.0
// Both processes in the VM, on a NIC that DPDK has by vfio-pci.
import { check, until } from "../../e2e/lib/test.mjs";

const START_SECONDS = 90;

/** Takes the NIC from whatever driver of the kernel has it. */
export async function bindVfio(vm, pci) {
	await vm.run(`modprobe vfio_iommu_type1 && modprobe vfio-pci
		device=/sys/bus/pci/devices/${pci}
		[[ ! -e $device/driver ]] || echo ${pci} >$device/driver/unbind
		echo vfio-pci >$device/driver_override && echo ${pci} >/sys/bus/pci/drivers_probe
		[[ -e /sys/bus/pci/drivers/vfio-pci/${pci} ]]`);
}

export async function startSpate(vm, { pci, address, workers }) {
	const config = { run_dir: "/run/spate", http: { web_root: "/web" },
		network: { ports: [{ device: pci, addresses: [address] }] },
		dataplane: { workers, cores: [0, 1, 2].slice(0, workers + 1), hugepages: true, tx_age_ms: 5000 } };
	await vm.run(`echo '${JSON.stringify(config)}' >/tmp/spate.json
		mkdir -p /run/spate
		ip link set lo up # for the administration port
		for name in dataplane controlplane; do
			spate-$name --config /tmp/spate.json >/tmp/$name.log 2>&1 &
			echo $! >/tmp/$name.pid
		done`);
	await until("both processes are up and connected", START_SECONDS, async () => {
		const log = await vm.run("cat /tmp/dataplane.log /tmp/controlplane.log");
		if (log.includes("start-failed"))
			throw new Error(log);
		return log.includes("control ready");
	});
}

export async function endSpate(vm) {
	await vm.run(`pids=$(cat /tmp/controlplane.pid /tmp/dataplane.pid)
		kill $pids
		for pid in $pids; do
			for ((i = 0; i < 100; i++)); do [[ -e /proc/$pid ]] || continue 2; sleep 0.1; done
			echo "process $pid does not end"; exit 1
		done`);
}

/** What there is to say after a failure. */
export function lastWords(vm) {
	return vm.run("sed '/-created room=/d' /tmp/dataplane.log /tmp/controlplane.log; spatectl status; spatectl stats",
		{ mayFail: true });
}

/** The workers' counters, and their sums. */
export async function counters(vm) {
	const { workers } = await vm.spatectl("stats");
	const sum = {}, drops = {};
	for (const { drops: d, ...w } of workers) {
		for (const [name, n] of Object.entries(w))
			sum[name] = (sum[name] ?? 0) + n;
		for (const [name, n] of Object.entries(d))
			drops[name] = (drops[name] ?? 0) + n;
	}
	return { workers, sum, drops };
}

/** Named drops that have grown, but for what the kernel on the other side sends by itself. */
export function dropped(before, after) {
	return Object.fromEntries(Object.entries(after.drops)
		.map(([name, n]) => [name, n - before.drops[name]])
		.filter(([name, n]) => n !== 0 && !["not_ours", "ip_proto", "eth_type"].includes(name)));
}

export async function checkPort(vm, driver) {
	/* It ends with 1 where it has found a problem: an emulated CPU is soon overloaded, which is not the matter here. */
	const { dataplane } = JSON.parse(await vm.run("spatectl --json status || test $? = 1"));
	const port = dataplane.ports[0];
	check(port.driver === driver, `the NIC is driven by ${port.driver}`);
	check(dataplane.workers.every((w) => w.engine === "ipsec-mb"), "SRTP is done by ipsec-mb");
	return port;
}
