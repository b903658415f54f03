/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/hooks/hooks.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "controlplane/base/id.h"
#include "controlplane/hooks/event.h"
#include "controlplane/hooks/target.h"
#include "controlplane/rooms/room.h"
#include "shared/log.h"

enum {
	ANSWER_MAX = 65536, /* bytes of an answer, which nobody reads */
	ROOMS_PER_EVENT = 64, /* of an event about viewers */
	EVENTS_PER_TURN = 8, /* of these, in one iteration of the event loop */
};

static uint64_t now_ms(const struct cp_hooks *h)
{
	return uv_hrtime() / 1000000;
}

/* --- sending -------------------------------------------------------------------------------- */

static bool tells(const struct cp_hooks *h)
{
	return h->config->hooks.url[0] != '\0';
}

static void send_due(uv_timer_t *timer);

/* Not 0: an event that happens within the rooms is sent from the event loop. */
static void schedule(struct cp_hooks *h)
{
	uint64_t due = cp_outbox_due_in(&h->outbox, now_ms(h));

	uv_update_time(h->loop);
	if (due != UINT64_MAX)
		uv_timer_start(&h->send, send_due, due > 0 ? due : 1, 0);
}

static void log_result(struct cp_hooks *h, const struct cp_fetched *answer, bool good)
{
	static struct sh_log_limit limit = {.event = "hook-failed", .per_second = 1};
	char target[CP_HOOK_TARGET_SIZE];

	cp_hook_target(target, h->config->hooks.url);
	if (!good)
		sh_log_limited(&limit, SH_LOG_WARN, "hook-failed target=%s status=%u reason=\"%s\" events=%u",
			target, answer->status, answer->status ? "it was refused" : answer->error,
			h->outbox.count);
	else if (h->failing)
		sh_log(SH_LOG_INFO, "hook-works target=%s events=%u", target, h->outbox.count);
	h->failing = !good;
}

static void answered(void *arg, const struct cp_fetched *answer)
{
	struct cp_hooks *h = arg;
	bool good = answer->status >= 200 && answer->status < 300;
	uint32_t chance;

	cp_random(&chance, sizeof(chance));
	cp_outbox_answered(&h->outbox, good, now_ms(h), chance);
	log_result(h, answer, good);
	schedule(h);
}

static void send_due(uv_timer_t *timer)
{
	struct cp_hooks *h = timer->data;
	const struct cp_fetched nothing = {.error = "out of memory"};
	char signature[CP_HOOK_SIGNATURE_SIZE];
	struct cp_fetch request = {
		.url = h->config->hooks.url,
		.header = signature,
		.timeout_ms = h->config->hooks.timeout_ms,
		.answer_max = ANSWER_MAX,
	};
	char *body = tells(h) ? cp_outbox_take(&h->outbox, h->node, now_ms(h), &request.len) : NULL;

	if (!body)
		return;
	request.body = body;
	cp_hook_sign(&h->secret, (int64_t)time(NULL), body, request.len, signature);
	if (cp_fetcher_send(h->fetcher, &request, answered, h) != 0)
		answered(h, &nothing);
	free(body);
}

static void add(struct cp_hooks *h, cJSON *event)
{
	cp_outbox_add(&h->outbox, cp_hook_print(event), now_ms(h));
	schedule(h);
}

/* --- what happens in the rooms --------------------------------------------------------------- */

static void room_opened(void *arg, const struct cp_room *room)
{
	struct cp_hooks *h = arg;
	cJSON *event;

	if (!tells(h))
		return;
	event = cp_hook_event("room-opened", ++h->sequence);
	cp_hook_add_room(event, room);
	add(h, event);
}

static void room_closed(void *arg, const struct cp_room *room)
{
	struct cp_hooks *h = arg;
	cJSON *event;

	if (!tells(h))
		return;
	event = cp_hook_event("room-closed", ++h->sequence);
	cp_hook_add_room(event, room);
	cJSON_AddStringToObject(event, "reason",
		room->state == CP_ROOM_CLOSING ? room->end.reason : "its last peer left");
	add(h, event);
}

static void tell_producer(struct cp_hooks *h, const char *name, const struct cp_producer *p)
{
	cJSON *event;

	if (!tells(h))
		return;
	event = cp_hook_event(name, ++h->sequence);
	cp_hook_add_producer(event, p);
	add(h, event);
}

static void producer_came(void *arg, const struct cp_producer *p)
{
	tell_producer(arg, "producer-came", p);
}

static void producer_went(void *arg, const struct cp_producer *p)
{
	tell_producer(arg, "producer-went", p);
}

static const struct cp_watch watch = {
	.room_opened = room_opened,
	.room_closed = room_closed,
	.producer_came = producer_came,
	.producer_went = producer_went,
};

/* --- what is told now and then ------------------------------------------------------------------ */

/* One event about the next rooms with another number of viewers. False: there are no more. */
static bool tell_viewers(struct cp_hooks *h)
{
	const struct cp_room *room = cp_watch_take(h->model);
	unsigned n = 0;
	cJSON *event, *list;

	if (!room)
		return false;
	event = cp_hook_event("viewers", ++h->sequence);
	list = cJSON_AddArrayToObject(event, "rooms");
	for (; room; room = ++n < ROOMS_PER_EVENT ? cp_watch_take(h->model) : NULL) {
		cJSON *entry = cJSON_CreateObject();

		cp_hook_add_room(entry, room);
		cJSON_AddNumberToObject(entry, "viewers", cp_room_viewers(room));
		cJSON_AddNumberToObject(entry, "hosts", room->host_count);
		cJSON_AddItemToArray(list, entry);
	}
	add(h, event);
	return n == ROOMS_PER_EVENT;
}

static void look_at_viewers(uv_timer_t *timer)
{
	struct cp_hooks *h = timer->data;
	uint64_t in = h->config->hooks.viewers_s * 1000ull;
	bool more = tells(h) && in > 0;

	for (unsigned i = 0; more && i < EVENTS_PER_TURN; i++)
		more = tell_viewers(h);
	uv_timer_start(timer, look_at_viewers, more ? 1 : in > 0 ? in : 1000, 0);
}

/* Adds what has grown since it was told. True: something has. */
static bool add_grown(cJSON *object, const char *name, uint64_t now, uint64_t *told)
{
	uint64_t grown = now - *told;

	*told = now;
	if (grown > 0)
		cJSON_AddNumberToObject(object, name, (double)grown);
	return grown > 0;
}

static void look_at_refusals(uv_timer_t *timer)
{
	struct cp_hooks *h = timer->data;
	uint32_t seconds = h->config->hooks.refusals_s;
	cJSON *answers = cJSON_CreateObject(), *limits = cJSON_CreateObject(), *event;
	bool any = false;

	for (enum cp_code code = 1; code < CP_CODE_COUNT; code++)
		any |= add_grown(answers, cp_code_name(code), h->counters->error[code], &h->answers[code]);
	for (enum cp_refusal why = 0; why < CP_REFUSALS; why++)
		any |= add_grown(limits, cp_refusal_name(why), h->counters->refused[why], &h->limits[why]);
	if (any && tells(h) && seconds > 0) {
		event = cp_hook_event("refused", ++h->sequence);
		cJSON_AddNumberToObject(event, "seconds", seconds);
		cJSON_AddItemToObject(event, "answers", answers);
		cJSON_AddItemToObject(event, "limits", limits);
		add(h, event);
	} else {
		cJSON_Delete(answers);
		cJSON_Delete(limits);
	}
	uv_timer_start(timer, look_at_refusals, (seconds > 0 ? seconds : 1) * 1000ull, 0);
}

/* --- start and stop --------------------------------------------------------------------------- */

static void configure(struct cp_hooks *h)
{
	h->outbox.most = h->config->hooks.queue;
	h->outbox.keep_ms = h->config->hooks.keep_s * 1000;
	look_at_viewers(&h->viewers);
	look_at_refusals(&h->refusals);
}

int cp_hooks_reload(struct cp_hooks *h, char *err, size_t err_size)
{
	int error = cp_hook_secret_read(&h->secret, h->config->hooks.secret_file, err, err_size);

	if (error != 0)
		return error;
	configure(h);
	schedule(h);
	return 0;
}

int cp_hooks_start(struct cp_hooks *h, char *err, size_t err_size)
{
	int error = cp_hook_secret_read(&h->secret, h->config->hooks.secret_file, err, err_size);

	if (error != 0)
		return error;
	cp_outbox_init(&h->outbox);
	h->gate.config = h->config;
	h->gate.secret = &h->secret;
	h->gate.fetcher = h->fetcher;
	cp_hook_gate_start(&h->gate, h->loop);
	h->model->watch.calls = &watch;
	h->model->watch.arg = h;
	uv_timer_init(h->loop, &h->send);
	uv_timer_init(h->loop, &h->viewers);
	uv_timer_init(h->loop, &h->refusals);
	h->send.data = h->viewers.data = h->refusals.data = h;
	configure(h);
	return 0;
}

void cp_hooks_silence(struct cp_hooks *h)
{
	h->model->watch.calls = NULL;
	uv_timer_stop(&h->viewers);
	uv_timer_stop(&h->refusals);
}

void cp_hooks_stop(struct cp_hooks *h)
{
	cp_hooks_silence(h);
	cp_hook_gate_stop(&h->gate);
	cp_outbox_clear(&h->outbox);
	uv_close((uv_handle_t *)&h->send, NULL);
	uv_close((uv_handle_t *)&h->viewers, NULL);
	uv_close((uv_handle_t *)&h->refusals, NULL);
}
