// SPDX-License-Identifier: Apache-2.0
// spatectl record with a real FFmpeg as host and as recorder: a file for each time that the host publishes, safe
// names, a disk that fills, and its end. ffprobe reads the files.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { workDir } from "../e2e/lib/namespace.mjs";
import { ADMIN_ORIGIN, buildDir, Servers } from "../e2e/lib/servers.mjs";
import { check, Skip, test, until } from "../e2e/lib/test.mjs";

const program = join(buildDir, "tools/spatectl");
const ROOM = "../a b/%00";
const PART = "%2E.%2Fa%20b%2F%2500_";
const path = (name) => join(workDir(), name);

function spatectl(...args) {
	const { status, stdout, stderr } = spawnSync(program, ["--run-dir", path("run"), ...args], { encoding: "utf8" });
	return { status, stdout, stderr };
}

const json = (...args) => JSON.parse(spatectl("--json", ...args).stdout);

/** A host: FFmpeg into two plain transports. */
class Host {
	constructor() {
		this.video = json("plain", "produce", ROOM, "VP8");
		this.audio = json("plain", "produce", ROOM, "opus");
		const rtp = ({ payload_type: pt, ssrc, address, port }) => ["-payload_type", pt, "-ssrc", ssrc, "-f", "rtp",
			`rtp://${address}:${port}?rtcpport=${port}&pkt_size=1200`].map(String);
		this.ffmpeg = spawn("ffmpeg", ["-loglevel", "error", "-nostdin", "-re", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=15",
			"-re", "-f", "lavfi", "-i", "sine=frequency=440",
			"-map", "0:v", "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M", "-minrate", "1M",
			"-maxrate", "1M", "-g", "15", ...rtp(this.video), "-map", "1:a", "-c:a", "libopus", "-ac", "2", ...rtp(this.audio)],
			{ stdio: "ignore" });
	}

	end() {
		this.ffmpeg.kill("SIGKILL");
		for (const { id } of [this.video, this.audio])
			spatectl("plain", "close", id);
	}
}

class Recorder {
	text = "";

	constructor(dir, ...args) {
		this.child = spawn(program, ["--run-dir", path("run"), "record", ROOM, "--to", dir, "--min-free", "1", ...args]);
		this.child.stdout.on("data", (data) => { this.text += data; });
		this.child.stderr.on("data", (data) => { this.text += data; });
		this.ended = new Promise((resolve) => this.child.once("exit", (code) => resolve(code)));
	}

	says(words, seconds = 15) {
		return until(`it says ${words}`, seconds, () => this.text.includes(words));
	}
}

async function metric(line) {
	const body = await (await fetch(`${ADMIN_ORIGIN}/metrics`)).text();
	return Number(body.split("\n").find((l) => l.startsWith(`${line} `))?.split(" ").at(-1));
}

/** The streams of a file, and how long it is. */
function probe(file) {
	const { streams, packets } = JSON.parse(execFileSync("ffprobe", ["-v", "error", "-of", "json", "-show_streams", "-show_packets", file],
		{ maxBuffer: 1 << 26 }));
	const times = packets.map((p) => Number(p.pts_time)).filter((t) => !Number.isNaN(t));
	return { codecs: streams.map((s) => s.codec_name).sort().join(), width: streams.find((s) => s.width)?.width,
		seconds: Math.max(...times) - Math.min(...times) };
}

async function aFileForEachTime(defer) {
	const dir = path("files");
	mkdirSync(dir);
	const recorder = new Recorder(dir);
	defer(() => recorder.child.kill("SIGKILL"));
	await recorder.says("waiting: ");
	let host = new Host();
	defer(() => host.end());
	await recorder.says("recording: ");
	const [running] = await until("it is listed", 5, () => json("record", "--list").filter((r) => r.state === "recording")[0] &&
		json("record", "--list"));
	check(running.room === ROOM && running.files === 1 && running.file.startsWith(join(dir, PART)), `with its file: ${running.file}`);
	await until("and counted", 5, async () => await metric('spate_recordings{state="recording"}') === 1);
	await sleep(3000);
	host.end();
	await recorder.says("waiting: nobody publishes");
	recorder.text = "";
	host = new Host();
	await recorder.says("recording: ");
	await sleep(3000);
	check(spatectl("record", "--stop", running.id).status === 0, "it is asked to end");
	check(await recorder.ended === 0 && recorder.text.includes("ended: 2 files"), "and ends");
	host.end();
	const files = readdirSync(dir).sort();
	check(files.length === 2 && files.every((name) => name.startsWith(PART) && name.endsWith(".mkv")), `two files: ${files}`);
	for (const name of files) {
		const { codecs, width, seconds } = probe(join(dir, name));
		check(codecs === "opus,vp8" && width === 320 && seconds > 1, `${name}: ${codecs}, ${width} wide, ${seconds.toFixed(1)} s`);
	}
}

async function aDiskThatFills(defer) {
	const dir = path("small");
	mkdirSync(dir);
	execFileSync("mount", ["-t", "tmpfs", "-o", "size=1150k", "tmpfs", dir]);
	defer(() => spawnSync("umount", ["-l", dir]));
	const host = new Host();
	defer(() => host.end());
	const recorder = new Recorder(dir);
	defer(() => recorder.child.kill("SIGKILL"));
	await recorder.says("disk_full: ", 30);
	await until("the metrics say so", 5, async () => await metric('spate_recordings{state="disk_full"}') === 1 &&
		await metric('spate_recording_stops_total{reason="disk_full"}') === 1);
	const [name] = readdirSync(dir);
	check(statSync(join(dir, name)).size > 50000 && probe(join(dir, name)).codecs === "opus,vp8", "what was recorded can be played");
	execFileSync("mount", ["-o", "remount,size=64m", dir]);
	recorder.text = "";
	await recorder.says("recording: ");
	recorder.child.kill("SIGINT");
	check(await recorder.ended === 0, "with space again it goes on, until it is interrupted");
	check(readdirSync(dir).length === 2, "in another file");
	host.end();
}

function wrongUse() {
	for (const [words, args, status, part] of [
		["nothing", [], 2, "it is record ROOM|PRODUCER --to DIR"],
		["no directory", ["room"], 2, "--to DIR is needed"],
		["two rooms", ["a", "b", "--to", "/tmp"], 2, "it is record"],
		["a list of a room", ["room", "--list"], 2, "it is record"],
		["a directory that is not there", ["room", "--to", "/nonexistent"], 5, "/nonexistent: No such file"],
		["a name that no room has", ["a\nb", "--to", "/tmp"], 5, "room: must be"],
		["no such recording", ["--stop", "x"], 5, "no recording has it"],
		["no number", ["room", "--to", "/tmp", "--min-free", "some"], 2, "no whole number of MiB"]]) {
		const { status: code, stderr } = spatectl("record", ...args);
		check(code === status && stderr.includes(part), `${words}: ${code}, ${stderr.trim()}`);
	}
	check(spatectl("status", "--to", "/tmp").status === 2, "its options are its own");
}

await test(async ({ defer }) => {
	if (spawnSync("ffmpeg", ["-version"]).error)
		throw new Skip("ffmpeg is not installed");
	const servers = new Servers();
	defer((failed) => servers.end(failed));
	await servers.start();
	wrongUse();
	await aFileForEachTime(defer);
	await aDiskThatFills(defer);
});
