// SPDX-License-Identifier: Apache-2.0
// Runs a mediasoup with one worker, one producer over plain RTP, and a WebRTC transport with one
// consumer for each viewer. Prints their addresses and keys as one line of JSON, and ends when its
// input ends.
//
// usage: node mediasoup.mjs PACKAGE VIEWERS FINGERPRINT
import { createRequire } from "node:module";
import path from "node:path";

const [directory, viewers, fingerprint] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const mediasoup = require(path.resolve(directory));
const { version } = require(path.resolve(directory, "package.json"));

// Without NACK and transport-wide feedback, which is the least work for mediasoup.
const codec = { kind: "video", mimeType: "video/VP8", clockRate: 90000, rtcpFeedback: [], parameters: {} };
const listenInfos = [{ protocol: "udp", ip: "127.0.0.1" }];
const source = { ssrc: 0x5a7e0001, payloadType: 96 };

const worker = await mediasoup.createWorker({ logLevel: "error" });
worker.on("died", () => process.exit(1));
const router = await worker.createRouter({ mediaCodecs: [codec] });

const plain = await router.createPlainTransport({ listenInfo: listenInfos[0], rtcpMux: true, comedia: true });
const producer = await plain.produce({
	kind: "video",
	rtpParameters: {
		codecs: [{ ...codec, kind: undefined, payloadType: source.payloadType }],
		encodings: [{ ssrc: source.ssrc }],
		rtcp: { cname: "bench" },
	},
});

async function join() {
	const transport = await router.createWebRtcTransport({ listenInfos, enableUdp: true, enableTcp: false });
	const [candidate] = transport.iceCandidates;
	const ice = transport.iceParameters;
	await transport.connect({ dtlsParameters: { role: "client", fingerprints: [{ algorithm: "sha-256", value: fingerprint }] } });
	const consumer = await transport.consume({
		producerId: producer.id,
		rtpCapabilities: { codecs: [{ ...codec, preferredPayloadType: 101 }], headerExtensions: [] },
	});
	return {
		ip: candidate.address ?? candidate.ip,
		port: candidate.port,
		ufrag: ice.usernameFragment,
		pwd: ice.password,
		fingerprint: transport.dtlsParameters.fingerprints.find((f) => f.algorithm === "sha-256").value,
		ssrc: consumer.rtpParameters.encodings[0].ssrc,
	};
}

const joined = [];
for (let i = 0; i < Number(viewers); i++)
	joined.push(await join());
const { localIp, localAddress, localPort } = plain.tuple;
console.log(JSON.stringify({
	name: `mediasoup ${version}`,
	pid: worker.pid,
	source: { ...source, ip: localAddress ?? localIp, port: localPort },
	viewers: joined,
}));

process.stdin.on("end", () => {
	worker.close();
	process.exit(0);
});
process.stdin.resume();
