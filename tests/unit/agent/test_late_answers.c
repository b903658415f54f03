/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The control plane sends further commands for an object before it knows whether its ADD has
 * succeeded. If the worker refuses the ADD, the object's slot may hold the next object by the time
 * the answers to the other commands come. They must not end the adding of that one.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include <rte_ring_elem.h>

#include "dataplane/agent/agent.h"
#include "dataplane/agent/commands.h"
#include "dataplane/agent/events.h"
#include "dataplane/device/port_stats.h"
#include "dataplane/device/ports.h"
#include "dataplane/tables/saved.h"
#include "dataplane/tables/stream.h"
#include "dataplane/worker/control_rings.h"
#include "dataplane/worker/messages.h"

enum { ID_HOST = 11, ID_STREAM = 12, ID_FIRST = 101, ID_SECOND = 102 };

static struct sh_config config;
static struct dp_worker worker;
static struct dp_workers workers;
static struct dp_stream streams[2];
static struct dp_agent agent;
static uint32_t last_seq;

/* --- doubles ------------------------------------------------------------------------------- */

int dp_stream_prepare(struct dp_stream *s, const struct sh_config *c, const struct sh_producer_add *add,
	int socket)
{
	return 0;
}

void dp_stream_dispose(struct dp_stream *s)
{
}

bool dp_ports_path_valid(const struct dp_ports *p, const struct sh_path *path, uint16_t udp_port)
{
	return true;
}

bool dp_transport_may_resume(const struct dp_transport *t)
{
	return false;
}

size_t dp_transport_saved_max(const struct dp_worker *w, const struct dp_transport *t)
{
	return 0;
}

size_t dp_transport_save(struct dp_worker *w, const struct dp_transport *t, uint8_t *out)
{
	return 0;
}

void dp_stream_save(const struct dp_stream *s, struct dp_saved_stream *out)
{
}

void dp_port_stats_update(struct sh_port_stats *out, const struct dp_port *p)
{
}

/* --- the world ----------------------------------------------------------------------------- */

static struct rte_ring *make_ring(size_t record, unsigned slots)
{
	ssize_t size = rte_ring_get_memsize_elem((unsigned)record, slots);
	struct rte_ring *r =
		aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN_CEIL((size_t)size, (size_t)RTE_CACHE_LINE_SIZE));

	assert_non_null(r);
	assert_int_equal(rte_ring_init(r, "test", slots, RING_F_SP_ENQ | RING_F_SC_DEQ), 0);
	return r;
}

/* Tables with room for what the tests need at a time, so that the next object takes a freed slot. */
static int setup(void **state)
{
	memset(&agent, 0, sizeof(agent));
	memset(&worker, 0, sizeof(worker));
	last_seq = 0;
	config.limit.transports = config.limit.producers = 2;
	config.limit.consumers = 1;
	worker.ops = make_ring(sizeof(struct dp_op), DP_OPS_SLOTS);
	worker.reports = make_ring(sizeof(struct dp_report), DP_REPORT_SLOTS);
	workers = (struct dp_workers){.count = 1, .worker = {&worker}, .streams = streams};
	agent.config = &config;
	agent.workers = &workers;
	agent.control_rings = dp_control_rings_new(1);
	assert_non_null(agent.control_rings);
	assert_int_equal(dp_objects_init(&agent.objects, &config.limit), 0);
	dp_commands_init(&agent);
	return 0;
}

static int teardown(void **state)
{
	dp_objects_free(&agent.objects);
	dp_control_rings_free(agent.control_rings);
	free(worker.ops);
	free(worker.reports);
	return 0;
}

/* Sends a command and has the agent take it. Returns its number. */
static uint32_t command(struct sh_cmd cmd)
{
	cmd.seq = ++last_seq;
	assert_int_equal(sh_ring_push(&agent.control_rings->cmd, &cmd), 1);
	dp_commands_serve(&agent);
	dp_commands_delete(&agent);
	return cmd.seq;
}

/* The next operation that the worker is sent, which must be this one. */
static struct dp_op operation(enum sh_op op, sh_id id)
{
	struct dp_op next;

	assert_int_equal(rte_ring_sc_dequeue_elem(worker.ops, &next, sizeof(next)), 0);
	assert_int_equal(next.cmd.op, op);
	assert_int_equal(next.cmd.id, id);
	return next;
}

/* The worker answers, and the agent hears it. */
static void answer(struct dp_op op, int error)
{
	struct dp_report r = {.kind = SH_EV_ACK, .op = op};

	r.op.error = error;
	assert_int_equal(rte_ring_sp_enqueue_elem(worker.reports, &r, sizeof(r)), 0);
	dp_commands_reports(&agent);
	dp_commands_delete(&agent);
}

/* The next acknowledgement to the control plane, which must be that of this command. */
static int acknowledged(uint32_t seq)
{
	struct sh_event e;

	dp_events_flush(&agent);
	assert_int_equal(sh_ring_pop(&agent.control_rings->event, &e), 1);
	assert_int_equal(e.kind, SH_EV_ACK);
	assert_int_equal(e.seq, seq);
	return e.error;
}

static void nothing_is_acknowledged(void)
{
	struct sh_event e;

	dp_events_flush(&agent);
	assert_int_equal(sh_ring_pop(&agent.control_rings->event, &e), 0);
}

static struct sh_cmd transport(sh_id id)
{
	return (struct sh_cmd){.op = SH_OP_TRANSPORT_ADD,
		.id = id,
		.transport_add = {.consent_ms = 30000, .ufrag_len = 4, .pwd_len = 22}};
}

static struct sh_cmd producer(sh_id id)
{
	struct sh_cmd cmd = {.op = SH_OP_PRODUCER_ADD, .id = id, .producer_add = SH_PRODUCER_ADD_SIMPLE};

	cmd.producer_add.transport = ID_HOST;
	cmd.producer_add.kind = SH_KIND_AUDIO;
	cmd.producer_add.codec = SH_CODEC_OPUS;
	cmd.producer_add.clock_rate = 48000;
	return cmd;
}

static struct sh_cmd consumer(sh_id id)
{
	return (struct sh_cmd){.op = SH_OP_CONSUMER_ADD,
		.id = id,
		.consumer_add = {.transport = ID_HOST,
			.producer = ID_STREAM,
			.ssrc = (uint32_t)id,
			.wishes = {.spatial = SH_LAYER_ANY, .temporal = SH_LAYER_ANY, .priority = 1}}};
}

/* Commands for an object of each kind that may follow its ADD at once. */
static struct sh_cmd keys(sh_id id)
{
	return (struct sh_cmd){.op = SH_OP_TRANSPORT_KEYS,
		.id = id,
		.transport_keys = {.profile = SH_SRTP_AEAD_AES_128_GCM}};
}

static struct sh_cmd set_producer(sh_id id)
{
	return (struct sh_cmd){.op = SH_OP_PRODUCER_SET, .id = id, .producer_set = {.paused = 1}};
}

static struct sh_cmd set_consumer(sh_id id)
{
	return (struct sh_cmd){.op = SH_OP_CONSUMER_SET,
		.id = id,
		.consumer_set = {
			.wishes = {.spatial = SH_LAYER_ANY, .temporal = SH_LAYER_ANY, .priority = 1}}};
}

/* Adds an object that its worker accepts. */
static void add(struct sh_cmd cmd)
{
	uint32_t seq = command(cmd);

	answer(operation(cmd.op, cmd.id), 0);
	assert_int_equal(acknowledged(seq), 0);
}

/*
 * The worker refuses `first`, and `late`, which was sent with it; between the two answers the
 * control plane has heard of the first, and sent `second`, which takes the slot.
 */
static void refused_late(enum dp_object_kind kind, struct sh_cmd first, struct sh_cmd late,
	struct sh_cmd second)
{
	const struct dp_object *x;
	uint32_t first_seq = command(first), late_seq = command(late), second_seq, twice_seq;
	struct dp_op first_op = operation(first.op, first.id), late_op = operation(late.op, late.id),
		     second_op;

	answer(first_op, ENOMEM);
	assert_int_equal(acknowledged(first_seq), ENOMEM);
	second_seq = command(second);
	second_op = operation(second.op, second.id);
	assert_int_equal(second_op.slot, first_op.slot);
	answer(late_op, ENOENT);
	assert_int_equal(acknowledged(late_seq), ENOENT);

	x = dp_objects_find(&agent.objects, kind, second.id);
	assert_non_null(x);
	assert_int_equal(x->slot, second_op.slot);
	assert_true(x->adding);

	/* The same ADD again waits for the first one (a transport's is an operation itself). */
	twice_seq = command(second);
	nothing_is_acknowledged();
	answer(second_op, 0);
	assert_int_equal(acknowledged(second_seq), 0);
	dp_commands_serve(&agent);
	if (kind == DP_TRANSPORT)
		answer(operation(second.op, second.id), 0);
	assert_int_equal(acknowledged(twice_seq), 0);
	late.id = second.id;
	late_seq = command(late);
	answer(operation(late.op, late.id), 0);
	assert_int_equal(acknowledged(late_seq), 0);
}

static void keys_of_a_refused_transport_end_no_other(void **state)
{
	add(transport(ID_HOST));
	refused_late(DP_TRANSPORT, transport(ID_FIRST), keys(ID_FIRST), transport(ID_SECOND));
}

/* An ADD that brings new ICE credentials is an ADD, too. */
static void credentials_of_a_refused_transport_end_no_other(void **state)
{
	add(transport(ID_HOST));
	refused_late(DP_TRANSPORT, transport(ID_FIRST), transport(ID_FIRST), transport(ID_SECOND));
}

static void settings_of_a_refused_producer_end_no_other(void **state)
{
	add(transport(ID_HOST));
	add(producer(ID_STREAM));
	refused_late(DP_PRODUCER, producer(ID_FIRST), set_producer(ID_FIRST), producer(ID_SECOND));
}

static void settings_of_a_refused_consumer_end_no_other(void **state)
{
	add(transport(ID_HOST));
	add(producer(ID_STREAM));
	refused_late(DP_CONSUMER, consumer(ID_FIRST), set_consumer(ID_FIRST), consumer(ID_SECOND));
}

/* The control plane tries it once more, under the same id. */
static void settings_of_a_refused_producer_do_not_end_the_next_try(void **state)
{
	add(transport(ID_HOST));
	add(producer(ID_STREAM));
	refused_late(DP_PRODUCER, producer(ID_FIRST), set_producer(ID_FIRST), producer(ID_FIRST));
}

/* Deleted before its ADD is refused: nobody gets the slot until the worker has heard of the deletion. */
static void a_slot_is_kept_until_the_deletion_is_answered(void **state)
{
	uint32_t first, deletion, second;
	struct dp_op op;

	add(transport(ID_HOST));
	add(producer(ID_STREAM));
	first = command(consumer(ID_FIRST));
	op = operation(SH_OP_CONSUMER_ADD, ID_FIRST);
	deletion = command((struct sh_cmd){.op = SH_OP_CONSUMER_DEL, .id = ID_FIRST});
	answer(op, ENOMEM);
	assert_int_equal(acknowledged(first), ENOMEM);
	second = command(consumer(ID_SECOND));
	assert_int_equal(acknowledged(second), ENOSPC);
	answer(operation(SH_OP_CONSUMER_DEL, ID_FIRST), ENOENT);
	assert_int_equal(acknowledged(deletion), 0);
	add(consumer(ID_SECOND));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(keys_of_a_refused_transport_end_no_other),
		T(credentials_of_a_refused_transport_end_no_other),
		T(settings_of_a_refused_producer_end_no_other),
		T(settings_of_a_refused_consumer_end_no_other),
		T(settings_of_a_refused_producer_do_not_end_the_next_try),
		T(a_slot_is_kept_until_the_deletion_is_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
