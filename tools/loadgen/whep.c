/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A member that joins over WHEP: one POST of an offer, whose answer describes the transport and the
 * streams. Everybody sends the same offer: the server tells members apart by its own credentials.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/loadgen/loadgen.h"

/* As browsers write it: the host's codecs, bundled. RFC 8839, 5.4 allows constant credentials. */
#define SECTION(kind, pt, mid, codec)                                                                        \
	"m=" kind " 9 UDP/TLS/RTP/SAVPF " pt "\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:peer\r\n"                  \
	"a=ice-pwd:0123456789abcdefghijkl\r\na=fingerprint:sha-256 %s\r\na=setup:actpass\r\n"                \
	"a=mid:" mid "\r\na=recvonly\r\na=rtcp-mux\r\na=rtpmap:" codec "\r\n"
#define OFFER                                                                                                \
	"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n" SECTION("audio", "111",  \
		"0", "111 opus/48000/2")                                                                     \
		SECTION("video", "96", "1", "96 VP8/90000") "a=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n"

int lg_whep_init(struct lg_run *run)
{
	const struct lg_options *o = &run->options;
	const char *fingerprint = run->rtc.cert.fingerprint;
	char path[160], offer[1500];

	snprintf(path, sizeof(path), "/whep/%s", o->room);
	snprintf(offer, sizeof(offer), OFFER, fingerprint, fingerprint);
	return lg_sockets_init_post(&run->posts, &run->loop, o->host, o->port, path, "application/sdp",
		offer);
}

/* Copies what follows "\na=NAME:" or the like, up to a space or the line's end. False: not there. */
static bool find(const char *text, const char *start, char *out, size_t size)
{
	const char *at = strstr(text, start);
	size_t len = at ? strcspn(at + strlen(start), " \r\n") : 0;

	if (!at || len >= size)
		return false;
	memcpy(out, at + strlen(start), len);
	out[len] = '\0';
	return true;
}

/* The transport in the form of signaling. NULL when the answer does not describe it. */
static cJSON *transport_of(const char *answer)
{
	char ufrag[257], pwd[257], fingerprint[200], ip[64], json[1200];
	const char *candidate = strstr(answer, "\na=candidate:");
	unsigned port;

	if (!find(answer, "\na=ice-ufrag:", ufrag, sizeof(ufrag)) ||
		!find(answer, "\na=ice-pwd:", pwd, sizeof(pwd)) ||
		!find(answer, "\na=fingerprint:sha-256 ", fingerprint, sizeof(fingerprint)) || !candidate ||
		sscanf(candidate, "\na=candidate:%*s %*s %*s %*s %63s %u", ip, &port) != 2)
		return NULL;
	snprintf(json, sizeof(json),
		"{\"iceParameters\":{\"usernameFragment\":\"%s\",\"password\":\"%s\"},"
		"\"iceCandidates\":[{\"ip\":\"%s\",\"port\":%u}],"
		"\"dtlsParameters\":{\"fingerprints\":[{\"value\":\"%s\"}]}}",
		ufrag, pwd, ip, port, fingerprint);
	return cJSON_Parse(json);
}

/* The first SSRC of each section; a second one would be that of retransmissions. */
static void read_streams(struct lg_rtc *r, const char *answer)
{
	const char *section = answer;

	while (r->streams < LG_STREAMS && (section = strstr(section, "\nm="))) {
		const char *end = strstr(section + 1, "\nm="), *ssrc = strstr(section, "\na=ssrc:");
		struct lg_stream *s = &r->stream[r->streams];

		if (ssrc && (!end || ssrc < end)) {
			s->ssrc = (uint32_t)strtoul(ssrc + 8, NULL, 10);
			s->video = strncmp(section, "\nm=video", 8) == 0;
			r->streams++;
		}
		section++;
	}
}

static void take_answer(struct lg_member *m, const char *answer)
{
	cJSON *parameters = transport_of(answer);
	const char *reason = "an answer that describes no transport";

	m->waits_for = "an answer to a check";
	if (!parameters || !(m->rtc = calloc(1, sizeof(*m->rtc)))) {
		lg_member_fail(m, reason);
		cJSON_Delete(parameters);
		return;
	}
	m->rtc->member = m;
	read_streams(m->rtc, answer);
	if (m->rtc->streams != m->run->expected_producers)
		lg_member_fail(m, "an answer without the host's streams");
	else if (lg_rtc_open(m, parameters, &reason) < 0)
		lg_member_fail(m, reason);
	cJSON_Delete(parameters);
}

void lg_whep_answered(struct lg_member *m, unsigned status, const char *body, size_t len)
{
	char text[8192];

	snprintf(text, sizeof(text), "%.*s", (int)(len < sizeof(text) ? len : sizeof(text) - 1), body);
	if (status == 201) {
		take_answer(m, text);
	} else {
		char reason[LG_REASON_SIZE];

		snprintf(reason, sizeof(reason), "POST was answered %u: %.80s", status, text);
		lg_member_fail(m, reason);
	}
}
