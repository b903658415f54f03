/* SPDX-License-Identifier: Apache-2.0 */

/* The request for notices of how loud producers are and who speaks. */

#include "controlplane/rooms/audio.h"
#include "controlplane/signaling/request.h"

enum { MAX_ENTRIES = 255 };

void cp_request_observe_audio(struct cp_session *s, const cJSON *data)
{
	uint64_t interval, entries = 1;
	struct cp_fault fault;
	cJSON *reply;

	if (cp_member_integer(s, data, "intervalMs", 0, CP_AUDIO_INTERVAL_MAX, &interval) != 0)
		return;
	if (interval > 0 && cp_member_integer(s, data, "maxEntries", 1, MAX_ENTRIES, &entries) != 0)
		return;
	if (!s->peer->subscribe) {
		cp_refuse(&fault, CP_FORBIDDEN, "subscribe: it was not granted to this peer");
		cp_session_error(s, &fault);
		return;
	}
	if (cp_peer_observe_audio(s->peer, interval, entries) != 0) {
		cp_refuse(&fault, CP_INTERNAL, "out of memory");
		cp_session_error(s, &fault);
		return;
	}
	reply = cJSON_CreateObject();
	cJSON_AddNumberToObject(reply, "intervalMs", (double)interval);
	if (interval > 0)
		cJSON_AddNumberToObject(reply, "maxEntries", (double)entries);
	cp_session_reply_saved(s, reply);
}
