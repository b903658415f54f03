// SPDX-License-Identifier: Apache-2.0
// The package on a machine: it is installed, serves a viewer, a newer one replaces it meanwhile, both
// processes become those of the newer one, and it is removed and purged. The machine is this one's
// root directory below an overlay, whose files alone change.
//
// usage: installed.mjs PACKAGE.deb
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { workDir } from "../e2e/lib/namespace.mjs";
import { Servers } from "../e2e/lib/servers.mjs";
import { spatectlLater } from "../e2e/lib/spatectl.mjs";
import { check, log, Skip, test, until } from "../e2e/lib/test.mjs";
import { audioParameters, Client } from "../signaling/client.mjs";
import { Transports } from "../signaling/transports.mjs";

const [, , package_] = process.argv;
const SOUND = 111; // audioParameters()' payload type
const EACH_MS = 50; // a packet of rtc_client
/* Beyond what the processes take: the kernel asks for the TAP's neighbour once a second. */
const SLACK_MS = 1500;
let machine;

function run(program, ...args) {
	const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
	if (status !== 0)
		throw new Error(`${program} ${args.join(" ")}: ${stdout}${stderr}`);
	return stdout;
}

/** On the machine. The package's scripts find no running systemd there, as in every chroot. */
const there = (...words) => run("chroot", machine, "env", "DEBIAN_FRONTEND=noninteractive", ...words);
const has = (path) => existsSync(join(machine, path));

/** A root directory of its own that has this machine's files. */
function makeMachine(defer) {
	const base = join(workDir(), "machine"), layers = join(base, "layers");
	machine = join(base, "root");
	for (const folder of [machine, layers])
		mkdirSync(folder, { recursive: true });
	const mount = (...args) => spawnSync("mount", args).status === 0;
	defer(() => spawnSync("umount", ["--recursive", "--lazy", base]));
	if (!mount("--make-rprivate", "/") || !mount("-t", "tmpfs", "layers", layers))
		throw new Skip("no file system can be mounted here");
	for (const folder of ["upper", "work"])
		mkdirSync(join(layers, folder));
	if (!mount("-t", "overlay", "machine", "-o", `lowerdir=/,upperdir=${layers}/upper,workdir=${layers}/work`, machine))
		throw new Skip("no overlay can be mounted here");
	for (const tree of ["dev", "proc"])
		mount("--bind", `/${tree}`, join(machine, tree));
	if (has("usr/sbin/spate-dataplane"))
		throw new Skip("this machine has the package already");
}

/** The same package with a higher version. */
function newer() {
	const tree = join(workDir(), "newer"), control = join(tree, "DEBIAN/control"), file = join(workDir(), "newer.deb");
	run("dpkg-deb", "--raw-extract", package_, tree);
	writeFileSync(control, readFileSync(control, "utf8").replace(/^Version: (.*)$/m, "Version: $1+newer"));
	run("dpkg-deb", "--root-owner-group", "--build", "-Znone", tree, file);
	return file;
}

async function transport(client, media, purpose) {
	const made = await client.transport(purpose), name = media.open(made, "client");
	await client.ask("connectWebRtcTransport", { transportId: made.id, dtlsParameters: media.dtlsParameters("client") });
	return { id: made.id, name };
}

/** A host who sends sound, and a viewer. */
async function show(media) {
	const host = await Client.join("show"), viewer = await Client.join("show");
	const from = await transport(host, media, "send"), to = await transport(viewer, media, "recv");
	const rtpParameters = audioParameters();
	const { id: producerId } = await host.ask("produce", { transportId: from.id, kind: "audio", rtpParameters });
	await viewer.ask("consume", { producerId, rtpCapabilities: viewer.capabilities });
	media.send(from.name, rtpParameters.encodings[0].ssrc, SOUND);
	return async () => media.received(to.name);
}

/** It gets 20 packets more. What it has lost since `before`. */
async function hears(viewer, words, before) {
	const { packets } = await viewer();
	await until(words, 10, async () => (await viewer()).packets >= packets + 20);
	return (await viewer()).missing - before;
}

/** The file that a process runs is not the one of the package any more: it has been replaced. */
const isOld = ({ pid }) => readlinkSync(`/proc/${pid}/exe`).endsWith(" (deleted)");

async function upgrade(servers, viewer) {
	const file = newer(), { dataplane, controlplane } = servers, changed = '{"log": {"level": "debug"}}\n';
	writeFileSync(join(machine, "etc/spate/spate.json"), changed);
	there("dpkg", "--force-confold", "--install", `/${file.slice(1)}`);
	check(there("dpkg-query", "--show", "--showformat=${Version}", "spate").endsWith("+newer"), "the newer one is installed");
	check(readFileSync(join(machine, "etc/spate/spate.json"), "utf8") === changed, "the operator's configuration stays");
	check(isOld(dataplane) && isOld(controlplane), "the processes go on as they were");
	check(await hears(viewer, "the viewer hears", 0) === 0, "the upgrade has cost no packet");

	await controlplane.end();
	await servers.startControlplane();
	check(!isOld(controlplane) && await hears(viewer, "it hears with the new control plane", 0) === 0,
		"which has cost no packet");

	const begun = Date.now(), told = spatectlLater("upgrade", "dataplane");
	while (dataplane.running)
		await sleep(2);
	dataplane.start();
	const { state, lost } = await told, took = Date.now() - begun;
	check(state === "done" && lost === 0 && !isOld(dataplane), "the data plane is the new one, with all transports");
	const missing = await hears(viewer, "it hears with the new data plane", 0);
	log(`${missing} packets of one each ${EACH_MS} ms were lost while it was away, in ${took} ms`);
	check(missing <= (took + SLACK_MS) / EACH_MS, "no more is lost than came while no data plane was there");
}

await test(async ({ defer }) => {
	makeMachine(defer);
	there("dpkg", "--install", package_);
	check(has("etc/spate/spate.json") && has("usr/lib/systemd/system/spate-dataplane.service"), "it is installed");
	check(/^spate:.*^spate-data:/ms.test(readFileSync(join(machine, "etc/passwd"), "utf8")), "with its users");
	check(!readdirSync(join(machine, "etc/systemd/system/multi-user.target.wants")).some((n) => n.startsWith("spate")),
		"and starts nothing by itself");

	const servers = new Servers();
	servers.dataplane.path = join(machine, "usr/sbin/spate-dataplane");
	servers.controlplane.path = join(machine, "usr/sbin/spate-controlplane");
	defer((failed) => servers.end(failed));
	await servers.start();
	const media = await Transports.start();
	defer(() => media.end());
	const viewer = await show(media);
	await until("a viewer hears", 10, async () => (await viewer()).packets >= 20);
	await upgrade(servers, viewer);

	there("dpkg", "--remove", "spate");
	check(!has("usr/sbin/spate-dataplane") && has("etc/spate/spate.json"), "removed, it leaves the configuration");
	there("dpkg", "--purge", "spate");
	check(!has("etc/spate") && !has("usr/share/spate"), "purged, it leaves no file");
	check(spawnSync("chroot", [machine, "dpkg-query", "--show", "spate"]).status === 1, "and dpkg does not know it");
});
