/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/rooms/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/persist/persist.h"
#include "controlplane/rooms/saved.h"
#include "shared/log.h"

struct world w;

/* --- the media side ------------------------------------------------------------------- */

static void happened(char what)
{
	size_t used = strlen(w.ends);

	if (used + 1 < sizeof(w.ends))
		w.ends[used] = what;
}

static void answer(cp_bridge_done callback, void *arg)
{
	assert_true(w.pendings < sizeof(w.pending) / sizeof(w.pending[0]));
	w.pending[w.pendings++] = (struct pending){callback, arg, NULL};
}

/* Once: what it brings about finds it answered. */
static void answer_one(struct pending *p, int error)
{
	cp_bridge_done callback = p->done;

	p->done = NULL;
	if (p->copy)
		p->copy->done = NULL;
	p->copy = NULL;
	if (callback)
		callback(p->arg, error);
}

void answer_all(void)
{
	for (unsigned i = 0; i < w.pendings; i++)
		answer_one(&w.pending[i], w.error);
	w.pendings = 0;
}

/* Calls of ours answer at once unless held: "never before the call returned" is kept here. */
static void settle(void)
{
	if (!w.hold)
		answer_all();
}

static bool is_up(void *bridge)
{
	return w.up;
}

static int open_one(void *bridge, struct cp_transport *t, cp_bridge_done callback, void *arg)
{
	struct pending *wait = calloc(1, sizeof(*wait));

	assert_ptr_equal(bridge, &w);
	cp_id_make(t->id);
	t->dp_id = cp_dp_id_make();
	t->link = wait;
	w.opened++;
	answer(callback, arg);
	*wait = w.pending[w.pendings - 1];
	w.pending[w.pendings - 1].copy = wait;
	return 0;
}

static cJSON *describe_parameters(void *bridge, const struct cp_transport *t)
{
	return cJSON_CreateObject();
}

static void describe(void *bridge, const struct cp_transport *t, cJSON *into)
{
}

static int connect_one(void *bridge, struct cp_transport *t, const cJSON *dtls, struct cp_fault *fault)
{
	if (!cJSON_IsObject(dtls))
		return cp_refuse(fault, CP_BAD_REQUEST, "dtlsParameters: must be an object");
	w.connected++;
	return 0;
}

static cJSON *restart_one(void *bridge, struct cp_transport *t, struct cp_fault *fault)
{
	return cJSON_CreateObject();
}

static bool save_one(void *bridge, const struct cp_transport *t, struct cp_saved_ice *out)
{
	*out = (struct cp_saved_ice){
		.ufrag = "abcdefghijklmnop", .pwd = "ABCDEFGHIJKLMNOPQRSTUVWX", .selected = -1};
	return true;
}

static int restore_one(void *bridge, struct cp_transport *t, const struct cp_saved_ice *saved)
{
	if (w.refuse_restore)
		return EINVAL;
	t->link = calloc(1, sizeof(struct pending));
	w.opened++;
	return 0;
}

static void close_one(void *bridge, struct cp_transport *t)
{
	struct pending *mine = t->link;

	w.closed++;
	happened('T');
	for (unsigned i = 0; i < w.pendings && mine->done; i++)
		if (w.pending[i].copy == mine)
			answer_one(&w.pending[i], ECANCELED);
	free(mine);
}

static int submit(void *bridge, struct sh_cmd *cmd, cp_bridge_done callback, void *arg)
{
	if (cmd->op == SH_OP_BLOB) { /* test_saved.c */
		if (w.blobs < sizeof(w.blob) / sizeof(w.blob[0]))
			w.blob[w.blobs] = *cmd;
		w.blobs++;
		if (callback)
			answer(callback, arg);
		return 0;
	}
	if (w.cmds < sizeof(w.cmd) / sizeof(w.cmd[0]))
		w.cmd[w.cmds] = *cmd;
	w.cmds++;
	if (cmd->op == SH_OP_CONSUMER_DEL)
		happened('C');
	else if (cmd->op == SH_OP_PRODUCER_DEL)
		happened('P');
	if (callback)
		answer(callback, arg);
	return 0;
}

static bool read_levels(void *bridge, const struct cp_producer *p, uint64_t *out)
{
	for (unsigned i = 0; i < 8; i++)
		if (w.loud[i] && strcmp(w.loud[i], p->id) == 0) {
			*out = w.levels[i];
			return true;
		}
	return false;
}

static const struct cp_bridge bridge = {
	.audio_levels = read_levels,
	.up = is_up,
	.transport_open = open_one,
	.transport_parameters = describe_parameters,
	.transport_describe = describe,
	.transport_connect = connect_one,
	.transport_save = save_one,
	.transport_restore = restore_one,
	.transport_restart = restart_one,
	.transport_close = close_one,
	.submit = submit,
};

static const char *world_name(const char *producer)
{
	static const char *const names[8] = {"A", "B", "C", "D", "E", "F", "G", "H"};

	for (unsigned i = 0; i < 8; i++)
		if (w.loud[i] && strcmp(w.loud[i], producer) == 0)
			return names[i];
	return "?";
}

/* --- what peers hear ---------------------------------------------------------------------- */

static void hear(const struct cp_peer *to, const char *what)
{
	size_t used = strlen(w.heard);

	snprintf(w.heard + used, sizeof(w.heard) - used, "%s%s:%s", used > 0 ? " " : "",
		(const char *)to->session, what);
}

static void new_producer(struct cp_peer *to, const struct cp_producer *p)
{
	hear(to, p->consumable.kind == SH_KIND_AUDIO ? "new-audio" : "new-video");
}

static void producer_closed(struct cp_peer *to, const struct cp_producer *p)
{
	hear(to, "producer-closed");
}

static void producer_paused(struct cp_peer *to, const struct cp_producer *p, bool paused)
{
	hear(to, paused ? "paused" : "resumed");
}

static void consumer_closed(struct cp_peer *to, const struct cp_consumer *c)
{
	hear(to, "consumer-closed");
}

static void layers(struct cp_peer *to, const struct cp_consumer *c)
{
	hear(to, "layers");
}

static void layers_changed(struct cp_peer *to, const struct cp_consumer *c)
{
	hear(to, "layers-changed");
}

static void score(struct cp_peer *to, const struct cp_consumer *c)
{
	hear(to, "score");
}

static void audio_levels(struct cp_peer *to, const struct cp_levels *l, unsigned entries)
{
	char what[200] = "levels";

	for (unsigned i = 0; i < l->count && i < entries; i++)
		snprintf(what + strlen(what), sizeof(what) - strlen(what), "%c%s%d", i == 0 ? '=' : ',',
			world_name(l->entry[i].producer), l->entry[i].level);
	hear(to, what);
}

static void active_speaker(struct cp_peer *to, const char *producer, uint64_t number)
{
	char what[64];

	snprintf(what, sizeof(what), "speaker=%s", producer ? world_name(producer) : "nobody");
	hear(to, what);
}

static void transport_closed(struct cp_peer *to, const struct cp_transport *t, enum cp_code why,
	const char *reason)
{
	hear(to, why == CP_UNAVAILABLE ? "transport-lost" : "transport-closed");
}

static void removed(struct cp_peer *to, const char *reason)
{
	hear(to, "removed");
	snprintf(w.reason, sizeof(w.reason), "%s", reason);
}

static void room_closed(struct cp_peer *to, const char *reason)
{
	w.rooms_closed++;
	happened('R');
	hear(to, "room-closed");
	snprintf(w.reason, sizeof(w.reason), "%s", reason);
}

static bool save(struct cp_peer *peer, struct cp_saved_peer *out)
{
	out->client = CP_SAVED_JSON;
	out->hash_count = 1;
	return true;
}

static void saved(struct cp_peer *peer)
{
	assert_true(cp_peer_is_saved(peer));
	w.saved++;
}

static const struct cp_listener listener = {
	.new_producer = new_producer,
	.producer_closed = producer_closed,
	.producer_paused = producer_paused,
	.consumer_closed = consumer_closed,
	.layers = layers,
	.layers_changed = layers_changed,
	.score = score,
	.audio_levels = audio_levels,
	.active_speaker = active_speaker,
	.transport_closed = transport_closed,
	.removed = removed,
	.room_closed = room_closed,
	.save = save,
	.saved = saved,
};

const struct cp_listener *world_listener(void)
{
	return &listener;
}

/* --- the clock ------------------------------------------------------------------------------ */

static uint64_t now_ms(void *clock)
{
	return w.now;
}

static void wake_in(void *clock, uint64_t ms)
{
	assert_ptr_equal(clock, &w.now);
	w.wake_at = w.now + ms;
	w.asleep = true;
}

static const struct cp_clock clock = {.now_ms = now_ms, .wake_in = wake_in};

unsigned pass(uint64_t ms)
{
	uint64_t until = w.now + ms;
	unsigned turns = 0;

	while (w.asleep && w.wake_at <= until) {
		w.now = w.wake_at;
		w.asleep = false;
		cp_model_run(&w.model);
		settle();
		turns++;
	}
	w.now = until;
	return turns;
}

/* --- making and ending ---------------------------------------------------------------------- */

int world_make(void **state)
{
	memset(&w, 0, sizeof(w));
	sh_log_init("test", SH_LOG_ERROR);
	sh_config_defaults(&w.config);
	w.up = true;
	w.now = 1000000;
	assert_int_equal(cp_model_init(&w.model, &w.config, &bridge, &w, &clock, &w.now), 0);
	w.capabilities = cp_router_capabilities(&w.model.router);
	return 0;
}

/* Everybody leaves, and nothing may be left. */
int world_end(void **state)
{
	struct cp_room *room;

	while ((room = TAILQ_FIRST(&w.model.room_list)))
		cp_room_leave(TAILQ_FIRST(&room->peers));
	answer_all();
	cJSON_Delete(w.capabilities);
	cp_model_end(&w.model);
	return w.model.peer_count + w.model.rooms.count + w.model.transports.count + w.model.producers.count +
			       w.model.consumers.count + w.model.grace_count + w.model.closing_count >
		       0 ||
	       w.opened != w.closed;
}

struct cp_peer *join(const char *room, const char *name)
{
	return join_as(room, name, "");
}

struct cp_peer *join_as(const char *room, const char *name, const char *user)
{
	const struct cp_join who = {
		.room = room,
		.user = user,
		.publish = true,
		.subscribe = true,
		.close = true,
		.listener = &listener,
		.session = (void *)(uintptr_t)name,
	};
	struct cp_peer *peer = cp_room_join(&w.model, &who, &w.fault);

	w.failed = !peer;
	return peer;
}

void leave(struct cp_peer *peer)
{
	cp_room_leave(peer);
}

void done(struct cp_peer *peer, const struct cp_fault *fault, void *object)
{
	w.answers++;
	w.failed = fault != NULL;
	if (fault)
		w.fault = *fault;
	w.object = object;
}

struct cp_transport *transport(struct cp_peer *peer, enum cp_purpose purpose)
{
	cp_transport_create(peer, purpose, done);
	settle();
	assert_false(w.failed);
	return w.object;
}

cJSON *parameters(const char *kind)
{
	static uint32_t ssrc = 1000;
	cJSON *p = cJSON_Parse(
		strcmp(kind, "audio") == 0
			? "{\"codecs\":[{\"mimeType\":\"audio/opus\",\"payloadType\":111,\"clockRate\":48000,"
			  "\"channels\":2,\"parameters\":{},\"rtcpFeedback\":[]}],\"headerExtensions\":[],"
			  "\"rtcp\":{}}"
			: "{\"codecs\":[{\"mimeType\":\"video/VP8\",\"payloadType\":96,\"clockRate\":90000,"
			  "\"parameters\":{},\"rtcpFeedback\":[{\"type\":\"nack\"}]}],\"headerExtensions\":[]"
			  ",\"rtcp\":{}}");
	cJSON *encodings = cJSON_AddArrayToObject(p, "encodings"), *encoding = cJSON_CreateObject();
	char mid[12];

	snprintf(mid, sizeof(mid), "%u", ssrc);
	cJSON_AddStringToObject(p, "mid", mid);
	cJSON_AddNumberToObject(encoding, "ssrc", ssrc++);
	cJSON_AddItemToArray(encodings, encoding);
	return p;
}

void begin_produce(struct cp_transport *t, const char *kind, bool paused)
{
	cJSON *rtp = parameters(kind), *name = cJSON_CreateString(kind);

	cp_producer_create(t, name, rtp, paused, done);
	cJSON_Delete(rtp);
	cJSON_Delete(name);
}

/* rtpParameters of a camera with these encodings; the caller deletes them. */
static cJSON *encoded(const char *mid, const char *encodings)
{
	char text[2048];
	cJSON *rtp;

	snprintf(text, sizeof(text),
		"{\"mid\":\"%s\",\"codecs\":[{\"mimeType\":\"video/"
		"VP8\",\"payloadType\":96,\"clockRate\":90000},"
		"{\"mimeType\":\"video/"
		"rtx\",\"payloadType\":97,\"clockRate\":90000,\"parameters\":{\"apt\":96}}],"
		"\"headerExtensions\":[{\"uri\":\"urn:ietf:params:rtp-hdrext:sdes:mid\",\"id\":4},"
		"{\"uri\":\"urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\",\"id\":10}],\"encodings\":[%s]}",
		mid, encodings);
	rtp = cJSON_Parse(text);
	assert_non_null(rtp);
	return rtp;
}

void begin_encodings_then(struct cp_transport *t, const char *mid, const char *encodings, bool paused,
	cp_done then)
{
	cJSON *rtp = encoded(mid, encodings), *kind = cJSON_CreateString("video");

	cp_producer_create(t, kind, rtp, paused, then);
	cJSON_Delete(rtp);
	cJSON_Delete(kind);
}

void begin_encodings(struct cp_transport *t, const char *mid, const char *encodings, bool paused)
{
	begin_encodings_then(t, mid, encodings, paused, done);
}

struct cp_producer *produce(struct cp_transport *t, const char *kind)
{
	begin_produce(t, kind, false);
	settle();
	if (w.failed)
		fail_msg("%s", w.fault.message);
	return w.object;
}

struct cp_consumer *consume(struct cp_transport *t, struct cp_producer *p)
{
	cp_consumer_create(t, p, w.capabilities, false, done);
	settle();
	if (w.failed)
		fail_msg("%s", w.fault.message);
	return w.object;
}

void expect_fault(enum cp_code code, const char *part)
{
	assert_true(w.failed);
	assert_string_equal(cp_code_name(w.fault.code), cp_code_name(code));
	assert_non_null(strstr(w.fault.message, part));
}

void expect_heard(const char *text)
{
	assert_string_equal(w.heard, text);
	w.heard[0] = '\0';
}
