/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Plays one member of the room, which behaves like mediasoup-client: it makes a transport, consumes
 * or produces, connects the transport when the first of these requests is sent, and goes through
 * ICE and DTLS.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "tools/loadgen/loadgen.h"

const char *const lg_step_name[LG_STEPS] = {
	"capabilities", "transport", "newProducer", "check", "dtls", "media"};

static void reached(struct lg_member *m, enum lg_step step)
{
	if (m->step_us[step] == 0)
		m->step_us[step] = (uint32_t)((uv_hrtime() - m->start_ns) / 1000) + 1;
}

static void complete(struct lg_member *m)
{
	if (m->outcome != LG_UNDER_WAY)
		return;
	m->outcome = LG_COMPLETE;
	lg_run_member_ended(m->run, m);
}

void lg_member_fail(struct lg_member *m, const char *reason)
{
	if (m->outcome == LG_FAILED)
		return;
	if (m->outcome == LG_COMPLETE) {
		/* It had joined and lost its connection or transport. */
		lg_run_failure(m->run, m, reason);
		m->outcome = LG_FAILED;
		return;
	}
	m->outcome = LG_FAILED;
	lg_run_failure(m->run, m, reason);
	lg_run_member_ended(m->run, m);
}

/* --- requests ------------------------------------------------------------------------------- */

/* Sends a request; `data` belongs to it from then on. */
static void request(struct lg_member *m, const char *type, cJSON *data)
{
	cJSON *message = cJSON_CreateObject();

	cJSON_AddStringToObject(message, "type", type);
	cJSON_AddItemToObject(message, "data", data);
	lg_socket_send(&m->socket, message);
	m->waits_for = type;
}

static void create_transport(struct lg_member *m)
{
	cJSON *data = cJSON_CreateObject();

	cJSON_AddStringToObject(data, "purpose", m->role == LG_HOST ? "send" : "recv");
	request(m, "createWebRtcTransport", data);
}

static void connect_transport(struct lg_member *m)
{
	cJSON *data = cJSON_CreateObject(), *dtls = cJSON_AddObjectToObject(data, "dtlsParameters");
	cJSON *list = cJSON_AddArrayToObject(dtls, "fingerprints"), *f = cJSON_CreateObject();
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(m->parameters, "id");

	cJSON_AddStringToObject(data, "transportId", cJSON_IsString(id) ? id->valuestring : "");
	cJSON_AddStringToObject(dtls, "role", "client");
	cJSON_AddStringToObject(f, "algorithm", "sha-256");
	cJSON_AddStringToObject(f, "value", m->run->rtc.cert.fingerprint);
	cJSON_AddItemToArray(list, f);
	request(m, "connectWebRtcTransport", data);
}

static void consume(struct lg_member *m, const cJSON *producer)
{
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(producer, "producerId");
	cJSON *data = cJSON_CreateObject();

	cJSON_AddStringToObject(data, "producerId", cJSON_IsString(id) ? id->valuestring : "");
	cJSON_AddItemReferenceToObject(data, "rtpCapabilities", m->run->capabilities);
	request(m, "consume", data);
}

static void produce(struct lg_member *m, bool video)
{
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(m->parameters, "id");
	cJSON *data = cJSON_CreateObject();

	cJSON_AddStringToObject(data, "transportId", cJSON_IsString(id) ? id->valuestring : "");
	cJSON_AddStringToObject(data, "kind", video ? "video" : "audio");
	cJSON_AddItemToObject(data, "rtpParameters", lg_host_parameters(video));
	request(m, "produce", data);
}

/* --- replies and notices ------------------------------------------------------------------------- */

static void heard_capabilities(struct lg_member *m, cJSON *message)
{
	reached(m, LG_CAPABILITIES);
	if (m->half == LG_HALF_SOCKET) {
		complete(m);
		return;
	}
	if (!m->run->capabilities)
		m->run->capabilities = cJSON_DetachItemFromObjectCaseSensitive(message, "data");
	create_transport(m);
}

static void heard_transport(struct lg_member *m, cJSON *message)
{
	reached(m, LG_TRANSPORT);
	if (m->half == LG_HALF_TRANSPORT) {
		complete(m);
		return;
	}
	m->waits_for = "newProducer";
	if (m->role != LG_VIEWER) {
		m->rtc = calloc(1, sizeof(*m->rtc));
		m->parameters = cJSON_DetachItemFromObjectCaseSensitive(message, "data");
		if (!m->rtc || !m->parameters) {
			lg_member_fail(m, "no memory");
			return;
		}
		m->rtc->member = m;
	}
	if (m->role == LG_HOST || (m->role != LG_VIEWER && m->run->expected_producers == 0))
		connect_transport(m);
	else if (m->run->expected_producers == 0)
		complete(m);
}

static void heard_producer(struct lg_member *m, cJSON *message)
{
	if (m->role == LG_HOST || m->producers == m->run->expected_producers || m->half == LG_HALF_SOCKET ||
		m->half == LG_HALF_TRANSPORT)
		return;
	if (++m->producers == m->run->expected_producers)
		reached(m, LG_PRODUCERS);
	if (m->role != LG_VIEWER)
		consume(m, cJSON_GetObjectItemCaseSensitive(message, "data"));
	else if (m->producers == m->run->expected_producers)
		complete(m);
}

static void heard_consumer(struct lg_member *m, cJSON *message)
{
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(message, "data");
	const cJSON *rtp = cJSON_GetObjectItemCaseSensitive(data, "rtpParameters");
	const cJSON *encoding = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(rtp, "encodings"), 0);
	const cJSON *ssrc = cJSON_GetObjectItemCaseSensitive(encoding, "ssrc");
	const char *kind = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(data, "kind"));
	struct lg_stream *s =
		m->rtc && m->rtc->streams < LG_STREAMS ? &m->rtc->stream[m->rtc->streams] : NULL;

	if (!s || !cJSON_IsNumber(ssrc) || !kind) {
		lg_member_fail(m, "a consumer that nobody asked for, or without an SSRC");
		return;
	}
	s->ssrc = (uint32_t)ssrc->valuedouble;
	s->video = strcmp(kind, "video") == 0;
	if (++m->rtc->streams == 1)
		connect_transport(m);
}

static void heard_connected(struct lg_member *m, cJSON *message)
{
	const char *reason;

	if (!m->rtc || !m->parameters || m->rtc->poll.data) {
		lg_member_fail(m, "connected what was not to be connected");
		return;
	}
	m->waits_for = "an answer to a check";
	if (lg_rtc_open(m, m->parameters, &reason) < 0) {
		lg_member_fail(m, reason);
		return;
	}
	if (m->role == LG_HOST) {
		produce(m, false);
		produce(m, true);
		return;
	}
	cJSON_Delete(m->parameters);
	m->parameters = NULL;
}

static void heard_produced(struct lg_member *m, cJSON *message)
{
	if (++m->produced == LG_STREAMS && m->run->media)
		complete(m);
}

static void heard_producers(struct lg_member *m, cJSON *message)
{
	if (m->asked_ns)
		lg_run_answered(m->run, (uv_hrtime() - m->asked_ns) / 1000);
	m->asked_ns = 0;
}

/* One that joined and still wants its transport has failed. */
static void heard_closed(struct lg_member *m, cJSON *message)
{
	m->transport_closed = true;
	if (m->half == LG_WHOLE)
		lg_member_fail(m, "the server closed the transport");
}

static void heard_error(struct lg_member *m, cJSON *message)
{
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(message, "data");
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(data, "message"));
	char reason[LG_REASON_SIZE];

	snprintf(reason, sizeof(reason), "error: %.100s", text ? text : "without words");
	lg_member_fail(m, reason);
}

static void take(struct lg_member *m, cJSON *message)
{
	static const struct {
		const char *type;
		void (*heard)(struct lg_member *m, cJSON *message);
	} known[] = {
		{"rtpCapabilities", heard_capabilities},
		{"createWebRtcTransport", heard_transport},
		{"newProducer", heard_producer},
		{"consume", heard_consumer},
		{"connectWebRtcTransport", heard_connected},
		{"produce", heard_produced},
		{"getProducers", heard_producers},
		{"transportClosed", heard_closed},
		{"error", heard_error},
	};
	const char *type = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(message, "type"));

	for (size_t i = 0; type && i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(type, known[i].type) == 0) {
			known[i].heard(m, message);
			return;
		}
}

static void opened(void *arg)
{
	struct lg_member *m = arg;

	m->waits_for = "rtpCapabilities";
}

static void text(void *arg, const char *data, size_t len)
{
	cJSON *message = cJSON_ParseWithLength(data, len);

	if (message)
		take(arg, message);
	else
		lg_member_fail(arg, "a message that is not JSON");
	cJSON_Delete(message);
	lg_run_go_on(((const struct lg_member *)arg)->run);
}

static void closed(void *arg, const char *reason)
{
	lg_member_fail(arg, reason);
}

/* --- the transport ----------------------------------------------------------------------------- */

static void transport_connected(struct lg_member *m)
{
	struct sh_transport_keys keys;

	if (rtc_peer_keys(&m->rtc->peer, &keys) < 0) {
		lg_member_fail(m, "no SRTP keys");
		return;
	}
	OPENSSL_cleanse(&keys, sizeof(keys));
	reached(m, LG_CHECKED);
	reached(m, LG_DTLS);
	m->waits_for = "media";
	if (m->role == LG_HOST) {
		m->waits_for = "produce";
		m->run->media = lg_host_start(m);
		if (!m->run->media)
			lg_member_fail(m, "libsrtp2 does not take the keys");
		else if (m->produced == LG_STREAMS)
			complete(m);
	} else if (m->run->expected_producers == 0) {
		complete(m);
	}
}

void lg_member_transport_changed(struct lg_member *m)
{
	switch (m->rtc->peer.state) {
	case RTC_HANDSHAKE:
		reached(m, LG_CHECKED);
		m->waits_for = "DTLS";
		if (m->half == LG_HALF_HELLO)
			complete(m);
		break;
	case RTC_CONNECTED:
		transport_connected(m);
		break;
	case RTC_CLOSED:
		lg_member_fail(m, "the server closed DTLS");
		break;
	case RTC_FAILED:
		lg_member_fail(m, m->rtc->peer.reason);
		break;
	default:
		break;
	}
}

static void count(struct lg_stream *s, uint16_t sequence)
{
	int16_t ahead = (int16_t)(sequence - s->next);

	if (s->packets++ == 0)
		ahead = 0;
	if (ahead < 0) {
		s->gaps -= s->gaps > 0; /* the packet was only late */
		return;
	}
	s->gaps += (uint64_t)ahead;
	s->next = (uint16_t)(sequence + 1);
}

static bool every_stream_flows(const struct lg_rtc *r, unsigned expected)
{
	for (unsigned i = 0; i < r->streams; i++)
		if (r->stream[i].packets == 0)
			return false;
	return r->streams == expected;
}

void lg_member_media(struct lg_member *m, const uint8_t *data, size_t len)
{
	struct lg_rtc *r = m->rtc;
	uint32_t ssrc;

	if (len < 12 || (data[1] >= 192 && data[1] <= 223)) /* RTCP (RFC 5761, 4) */
		return;
	ssrc = (uint32_t)data[8] << 24 | (uint32_t)data[9] << 16 | (uint32_t)data[10] << 8 | data[11];
	for (unsigned i = 0; i < r->streams; i++)
		if (r->stream[i].ssrc == ssrc)
			count(&r->stream[i], (uint16_t)(data[2] << 8 | data[3]));
	if (m->step_us[LG_MEDIA] == 0)
		lg_rtc_report(r);
	reached(m, LG_MEDIA);
	if (m->outcome == LG_UNDER_WAY && m->rtc->seen == RTC_CONNECTED &&
		(m->role != LG_WATCHER || every_stream_flows(r, m->run->expected_producers)))
		complete(m);
}

/* --- WHEP -------------------------------------------------------------------------------------- */

static void answered(void *arg, unsigned status, const char *body, size_t len)
{
	struct lg_member *m = arg;

	reached(m, LG_TRANSPORT);
	lg_whep_answered(m, status, body, len);
	lg_run_go_on(m->run);
}

/* --- life ------------------------------------------------------------------------------------- */

bool lg_member_ask(struct lg_member *m)
{
	const char *waits_for = m->waits_for;

	if (m->asked_ns || m->outcome != LG_COMPLETE)
		return false;
	m->asked_ns = uv_hrtime();
	request(m, "getProducers", cJSON_CreateObject());
	m->waits_for = waits_for;
	return true;
}

void lg_member_open(struct lg_member *m, struct lg_run *run, enum lg_role role, enum lg_half half)
{
	static const struct lg_socket_events events = {.opened = opened, .text = text, .closed = closed};
	static const struct lg_socket_events whep = {.answered = answered, .closed = closed};
	bool posts = run->options.whep && role == LG_JOINER;

	memset(m, 0, sizeof(*m));
	m->run = run;
	m->role = role;
	m->half = half;
	m->waits_for = posts ? "an answer to POST" : "a WebSocket";
	m->start_ns = uv_hrtime();
	lg_socket_open(&m->socket, posts ? &run->posts : &run->sockets, posts ? &whep : &events, m);
}

void lg_member_close(struct lg_member *m)
{
	if (!m->run)
		return;
	if (m->rtc)
		lg_rtc_close(m->rtc, true);
	lg_socket_close(&m->socket);
	cJSON_Delete(m->parameters);
	m->rtc = NULL;
	m->parameters = NULL;
	m->run = NULL;
}
