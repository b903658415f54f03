/* SPDX-License-Identifier: Apache-2.0 */

/* Runs a member's transport on the loop: connects an rtc_peer to the member. */

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/crypto.h>

#include "tools/loadgen/loadgen.h"
#include "tools/loadgen/srtp.h"

enum { RECEIVE_BYTES = 4 << 20 /* holds a watcher's packets while this thread is busy */ };

static void told(struct lg_rtc *r)
{
	if (r->seen == r->peer.state)
		return;
	r->seen = r->peer.state;
	lg_member_transport_changed(r->member);
}

static void readable(uv_poll_t *poll, int status, int events)
{
	struct lg_rtc *r = poll->data;

	rtc_peer_readable(&r->peer);
	told(r);
	lg_run_go_on(r->member->run);
}

static void media(void *arg, const uint8_t *data, size_t len)
{
	const struct lg_rtc *r = arg;

	told(arg);
	lg_member_media(r->member, data, len);
}

static const char *text(const cJSON *o, const char *name)
{
	const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, name));

	return value ? value : "";
}

int lg_rtc_open(struct lg_member *m, const cJSON *parameters, const char **reason)
{
	const cJSON *ice = cJSON_GetObjectItemCaseSensitive(parameters, "iceParameters");
	const cJSON *dtls = cJSON_GetObjectItemCaseSensitive(parameters, "dtlsParameters");
	const cJSON *candidate =
		cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(parameters, "iceCandidates"), 0);
	const cJSON *fingerprint =
		cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(dtls, "fingerprints"), 0);
	const cJSON *port = cJSON_GetObjectItemCaseSensitive(candidate, "port");
	const struct rtc_remote remote = {
		.ip = text(candidate, "ip"),
		.port = (uint16_t)(cJSON_IsNumber(port) ? port->valueint : 0),
		.ufrag = text(ice, "usernameFragment"),
		.pwd = text(ice, "password"),
		.fingerprint = text(fingerprint, "value"),
	};
	struct lg_rtc *r = m->rtc;
	int error, bytes = RECEIVE_BYTES;

	error = rtc_peer_open(&r->peer, &m->run->rtc, &remote,
		m->half == LG_HALF_HELLO ? RTC_GONE : RTC_CLIENT);
	if (error) {
		*reason = strerror(error);
		return -1;
	}
	r->peer.media = media;
	r->peer.media_arg = r;
	/* SO_RCVBUFFORCE needs a privilege. Without it the system's limit applies. */
	if (setsockopt(r->peer.fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		(void)!setsockopt(r->peer.fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	uv_poll_init(&m->run->loop, &r->poll, r->peer.fd);
	r->poll.data = r;
	uv_poll_start(&r->poll, UV_READABLE, readable);
	return 0;
}

/*
 * Sends a receiver report without report blocks (RFC 3550, 6.4.2), with an SRTP session for this
 * one packet.
 */
void lg_rtc_report(struct lg_rtc *r)
{
	uint8_t data[8 + SRTP_MAX_TRAILER_LEN + 4] = {0x80, 201, 0, 1, 0, 0, 0, 1};
	struct sh_transport_keys keys;
	srtp_t srtp;
	int len = 8;

	if (rtc_peer_keys(&r->peer, &keys) < 0)
		return;
	if (lg_srtp_open(&srtp, &keys) == 0) {
		if (srtp_protect_rtcp(srtp, data, &len) == srtp_err_status_ok)
			(void)!send(r->peer.fd, data, (size_t)len, 0);
		srtp_dealloc(srtp);
	}
	OPENSSL_cleanse(&keys, sizeof(keys));
}

void lg_rtc_tick(struct lg_rtc *r)
{
	if (!r->poll.data)
		return;
	rtc_peer_tick(&r->peer);
	told(r);
}

static void free_handle(uv_handle_t *handle)
{
	free(handle->data);
}

void lg_rtc_close(struct lg_rtc *r, bool notify)
{
	if (!r->poll.data) { /* it was never opened */
		free(r);
		return;
	}
	uv_poll_stop(&r->poll);
	uv_close((uv_handle_t *)&r->poll, free_handle);
	rtc_peer_close(&r->peer, notify);
}
