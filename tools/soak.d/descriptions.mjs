// SPDX-License-Identifier: Apache-2.0
// What members say of their media: codecs, and the offers of WHIP and WHEP.

export function audioCodec(payloadType) {
	return { mimeType: "audio/opus", payloadType, clockRate: 48000, channels: 2, parameters: { minptime: 10, useinbandfec: 1 },
		rtcpFeedback: [] };
}

export function videoCodec(payloadType) {
	return { mimeType: "video/VP8", payloadType, clockRate: 90000, parameters: {},
		rtcpFeedback: [{ type: "nack", parameter: "" }, { type: "nack", parameter: "pli" }] };
}

function section(kind, mid, payloadType, fingerprint, ssrc) {
	const codec = kind === "audio" ? [`a=rtpmap:${payloadType} opus/48000/2`, `a=fmtp:${payloadType} minptime=10;useinbandfec=1`]
		: [`a=rtpmap:${payloadType} VP8/90000`, `a=rtcp-fb:${payloadType} nack`, `a=rtcp-fb:${payloadType} nack pli`];
	return [`m=${kind} 9 UDP/TLS/RTP/SAVPF ${payloadType}`, "c=IN IP4 0.0.0.0", "a=ice-ufrag:soak", "a=ice-pwd:0123456789abcdefghijkl",
		`a=fingerprint:${fingerprint}`, "a=setup:actpass", `a=mid:${mid}`, ssrc ? "a=sendonly" : "a=recvonly", "a=rtcp-mux", ...codec,
		...(ssrc ? [`a=msid:soak ${kind}`, `a=ssrc:${ssrc} cname:soak`] : [])];
}

/** An offer of sound and picture; with `ssrcs` it is a publisher's. */
export function offer(fingerprint, audioType, videoType, ssrcs = []) {
	return ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1",
		...section("audio", 0, audioType, fingerprint, ssrcs[0]), ...section("video", 1, videoType, fingerprint, ssrcs[1])]
		.map((line) => `${line}\r\n`).join("");
}

/** What an answer says of the transport, in the form of signaling. */
export function transportOf(answer) {
	const [, ip, port] = answer.match(/\r\na=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host\r\n/);
	const value = (name) => answer.match(new RegExp(`\\r\\na=${name}:(.*)\\r\\n`))[1];
	return { iceParameters: { usernameFragment: value("ice-ufrag"), password: value("ice-pwd") }, iceCandidates: [{ ip, port }],
		dtlsParameters: { fingerprints: [{ value: value("fingerprint").split(" ")[1] }] } };
}
