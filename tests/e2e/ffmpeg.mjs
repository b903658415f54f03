// SPDX-License-Identifier: Apache-2.0
// FFmpeg publishes H264 and opus into plain transports, as RTP and as SRTP; Chromium watches.
// When FFmpeg is started again the viewer goes on by itself. What a browser publishes goes out
// to FFmpeg as well. The data plane's end takes plain transports along, and that is said.
import { spawn } from "node:child_process";
import { createWriteStream, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { workDir } from "./lib/namespace.mjs";
import {
	checkFirstFrame, checkNoErrors, checkPlaying, decoded, openHost, openViewer, reachState, startWithBrowser,
} from "./lib/page.mjs";
import { spatectl } from "./lib/spatectl.mjs";
import { check, Skip, test, until } from "./lib/test.mjs";

const FFMPEG = "/usr/bin/ffmpeg";
const KEY_FRAME_SECONDS = 1;
const SUITE = "AES_CM_128_HMAC_SHA1_80"; // what FFmpeg has

function start(name, args) {
	const log = createWriteStream(join(workDir(), `${name}.log`), { flags: "a" });
	const child = spawn(FFMPEG, ["-nostdin", "-hide_banner", "-loglevel", "warning", ...args], { stdio: ["ignore", "pipe", "pipe"] });
	child.stdout.pipe(log, { end: false });
	child.stderr.pipe(log, { end: false });
	return child;
}

async function end(child) {
	if (child.exitCode !== null || child.signalCode !== null)
		return;
	const gone = new Promise((resolve) => child.once("exit", resolve));
	child.kill("SIGKILL");
	await gone;
}

/** One stream's part of FFmpeg's command line. */
function output(stream) {
	const srtp = stream.srtp ? ["-srtp_out_suite", SUITE, "-srtp_out_params", stream.srtp.receive_key] : [];
	const where = `${stream.address}:${stream.port}?rtcpport=${stream.port}&pkt_size=1200`;
	return ["-payload_type", `${stream.payload_type}`, "-ssrc", `${stream.ssrc}`, ...srtp, "-f", "rtp",
		`${srtp.length ? "srtp" : "rtp"}://${where}`];
}

function publish(video, audio) {
	return start("publish", ["-re", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=15", "-re", "-f", "lavfi", "-i",
		"sine=frequency=440:sample_rate=48000", "-map", "0:v", "-c:v", "libx264", "-profile:v", "baseline", "-preset",
		"ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-g", `${15 * KEY_FRAME_SECONDS}`, "-b:v", "800k",
		...output(video), "-map", "1:a", "-c:a", "libopus", "-ac", "2", ...output(audio)]);
}

async function watch(browser, room) {
	const viewer = await openViewer(browser, { room });
	await reachState(viewer, "playing", `viewer of ${room}`);
	return viewer;
}

/** The picture of a browser, received by FFmpeg from an SDP and counted in frames. */
async function receive(room) {
	const sink = spatectl("plain", "consume", room, "video", "to=10.99.0.1:5004");
	const sdp = join(workDir(), "sink.sdp");
	writeFileSync(sdp, ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=spate", "c=IN IP4 10.99.0.1", "t=0 0",
		`m=video 5004 RTP/AVP ${sink.payload_type}`, `a=rtpmap:${sink.payload_type} ${sink.codec}/${sink.clock_rate}`,
		"a=rtcp-mux", ""].join("\n"));
	const child = start("receive", ["-protocol_whitelist", "file,udp,rtp", "-i", sdp, "-map", "0:v", "-frames:v", "20",
		"-f", "framecrc", join(workDir(), "frames.txt")]);
	return { sink, child };
}

await test(async ({ defer }) => {
	if (!existsSync(FFMPEG))
		throw new Skip("FFmpeg is not installed");
	const { servers, browser } = await startWithBrowser(defer);

	const clear = ["H264", "opus"].map((codec) => spatectl("plain", "produce", "clear", codec));
	let feed = publish(...clear);
	defer(() => end(feed));
	const viewer = await watch(browser, "clear");
	await checkFirstFrame(viewer, "viewer of RTP", 1000 * KEY_FRAME_SECONDS + 2000);
	await checkPlaying(viewer, "viewer of RTP", 4);
	const list = spatectl("plain", "list").plain;
	check(list.length === 2 && list.every((t) => t.remote?.startsWith("10.99.0.1:")), "both addresses are learnt");
	check(spatectl("transports").transports.filter((t) => t.room === "clear").length === 3, "spatectl shows them");

	await end(feed);
	await sleep(3500);
	feed = publish(...clear);
	const before = await decoded(viewer);
	await until("the viewer goes on after FFmpeg was started again", 10, async () => await decoded(viewer) > before + 15);
	await checkPlaying(viewer, "viewer of RTP", 3);
	checkNoErrors(viewer, "viewer of RTP");
	await viewer.close();
	await end(feed);

	const secret = ["H264", "opus"].map((codec) => spatectl("plain", "produce", "secret", codec, `srtp=${SUITE}`));
	feed = publish(...secret);
	const second = await watch(browser, "secret");
	await checkPlaying(second, "viewer of SRTP", 4);
	await second.close();
	await end(feed);

	const host = await openHost(browser, { room: "browser", codec: "VP8" });
	await reachState(host, "live", "host");
	const { child } = await receive("browser");
	defer(() => end(child));
	await until("FFmpeg has received 20 frames of the browser's picture", 20, () => child.exitCode === 0);

	await servers.dataplane.end("SIGKILL");
	await until("plain transports are gone", 5, () => spatectl("plain", "list").plain.length === 0, { quiet: true });
	check(servers.controlplane.output.includes("plain-lost room=clear"), "the log says so");
});
