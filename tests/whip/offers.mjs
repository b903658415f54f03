// SPDX-License-Identifier: Apache-2.0
// The offers and fragments that the checks send: as browsers write them, each with new credentials.
import { randomBytes, randomInt } from "node:crypto";

const CODECS = {
	audio: { formats: "111", lines: ["rtpmap:111 opus/48000/2", "fmtp:111 minptime=10;useinbandfec=1"] },
	video: { formats: "96 97 102 103", lines: ["rtpmap:96 VP8/90000", "rtcp-fb:96 nack", "rtcp-fb:96 nack pli", "rtcp-fb:96 ccm fir",
		"rtpmap:97 rtx/90000", "fmtp:97 apt=96", "rtpmap:102 H264/90000", "rtcp-fb:102 nack", "rtcp-fb:102 nack pli",
		"fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f", "rtpmap:103 rtx/90000", "fmtp:103 apt=102"] },
};
const EXTENSIONS = ["4 urn:ietf:params:rtp-hdrext:sdes:mid"];
const RID_EXTENSIONS = ["10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", "11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"];
const PROTOCOL = "UDP/TLS/RTP/SAVPF";
/* Documentation addresses (RFC 5737), from which no check will come. */
const CANDIDATE = "candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0";
const OTHER_CANDIDATES = ["candidate:473322822 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active generation 0",
	"candidate:2 1 udp 2122260222 3f8d0c2e-0f4b-4d1a-9a3e-000000000000.local 50000 typ host",
	"candidate:3 1 carrier-pigeon 1 198.51.100.2 61765 typ host"];

function lines(list) {
	return list.map((line) => `${line}\r\n`).join("");
}

export function newCredentials() {
	return { ufrag: randomBytes(6).toString("base64"), pwd: randomBytes(18).toString("base64") };
}

function credentialLines({ ufrag, pwd }) {
	return [`a=ice-ufrag:${ufrag}`, `a=ice-pwd:${pwd}`];
}

function source(kind, mid, stream, simulcast) {
	if (simulcast.length > 0 && kind === "video")
		return [...simulcast.map((rid) => `a=rid:${rid} send`), `a=simulcast:send ${simulcast.join(";")}`];
	const ssrc = randomInt(1, 2 ** 32);
	return [`a=ssrc:${ssrc} cname:${stream}`, `a=ssrc:${ssrc} msid:${stream} track-${mid}`];
}

/**
 * `kinds`: of the m= lines, whose MIDs are 0, 1...; `simulcast`: rids of the video; `bundleOnly`: all
 * sections but the first have port 0 (RFC 9143, 6).
 */
export function makeOffer({ sends, direction = sends ? "sendonly" : "recvonly", kinds = ["audio", "video"], setup = "actpass",
	candidates = false, simulcast = [], bundleOnly = false } = {}) {
	const credentials = newCredentials(), stream = randomBytes(8).toString("hex");
	const fingerprint = randomBytes(32).toString("hex").toUpperCase().match(/../g).join(":");
	const section = (kind, mid) => {
		const follows = bundleOnly && mid > 0;
		return [`m=${kind} ${follows ? 0 : 9} ${PROTOCOL} ${CODECS[kind].formats}`, "c=IN IP4 0.0.0.0", ...credentialLines(credentials),
			"a=ice-options:trickle", `a=fingerprint:sha-256 ${fingerprint}`, `a=setup:${setup}`, `a=mid:${mid}`, ...(follows ? ["a=bundle-only"] : []),
			...[...EXTENSIONS, ...(simulcast.length > 0 ? RID_EXTENSIONS : [])].map((value) => `a=extmap:${value}`), `a=${direction}`,
			...(sends ? [`a=msid:${stream} track-${mid}`] : []), "a=rtcp-mux", "a=rtcp-rsize", ...CODECS[kind].lines.map((line) => `a=${line}`),
			...(sends ? source(kind, mid, stream, simulcast) : []), ...(candidates && !follows ? [`a=${CANDIDATE}`, "a=end-of-candidates"] : [])];
	};
	const sdp = lines(["v=0", `o=- ${randomInt(1, 2 ** 47)} 2 IN IP4 127.0.0.1`, "s=-", "t=0 0", `a=group:BUNDLE ${kinds.map((_, i) => i).join(" ")}`,
		"a=msid-semantic: WMS", ...kinds.flatMap(section)]);
	return { sdp, credentials };
}

/** RFC 8840, 4.4: the m= line of the offerer-tagged section, and the candidates. */
export function makeFragment(credentials, { candidates = [CANDIDATE], mid = "0", end = true } = {}) {
	return lines(["a=ice-options:trickle", "a=group:BUNDLE 0 1", `m=audio 9 ${PROTOCOL} 0`, `a=mid:${mid}`,
		...(credentials ? credentialLines(credentials) : []), ...candidates.map((value) => `a=${value}`), ...(end ? ["a=end-of-candidates"] : [])]);
}

export { CANDIDATE, OTHER_CANDIDATES };
