/* SPDX-License-Identifier: Apache-2.0 */

/* The flow rules of a port, against a driver of which each row says what it takes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <rte_byteorder.h>
#include <rte_errno.h>

#include "dataplane/device/steering.h"
#include "shared/abi.h"

enum { PORT = 3, BASE = 20000, ROOM = 2 * SH_MAX_WORKERS };

/* --- the driver ---------------------------------------------------------------------- */

static struct driver {
	bool no_ip4, no_ip6, no_mask; /* what validate refuses */
	unsigned creates; /* how many rules it makes */
	const char *words; /* with which create refuses; NULL: none */

	struct {
		enum rte_flow_item_type ip;
		uint16_t value, mask, queue;
		bool there;
	} rule[ROOM];
	unsigned made, there, validated;
} driver;

/* As rte_flow.h has it, an Ethernet item that asks for nothing takes tagged packets, too. */
static bool wanted(uint16_t port, const struct rte_flow_attr *attr, const struct rte_flow_item *p,
	const struct rte_flow_action *a)
{
	const struct rte_flow_item_udp *mask = p[2].mask, none = {.hdr.src_port = 0};
	const struct rte_flow_item_udp rest = {.hdr = {.src_port = mask->hdr.src_port,
						       .dgram_len = mask->hdr.dgram_len,
						       .dgram_cksum = mask->hdr.dgram_cksum}};

	return port == PORT && attr->ingress && !attr->egress && !attr->transfer && attr->group == 0 &&
	       p[0].type == RTE_FLOW_ITEM_TYPE_ETH && !p[0].spec && !p[0].mask && !p[1].spec &&
	       p[2].type == RTE_FLOW_ITEM_TYPE_UDP && p[3].type == RTE_FLOW_ITEM_TYPE_END &&
	       a[0].type == RTE_FLOW_ACTION_TYPE_QUEUE && a[1].type == RTE_FLOW_ACTION_TYPE_END &&
	       memcmp(&rest, &none, sizeof(none)) == 0;
}

int rte_flow_validate(uint16_t port, const struct rte_flow_attr *attr, const struct rte_flow_item pattern[],
	const struct rte_flow_action actions[], struct rte_flow_error *error)
{
	const struct rte_flow_item_udp *mask = pattern[2].mask;
	enum rte_flow_item_type ip = pattern[1].type;

	assert_true(wanted(port, attr, pattern, actions));
	driver.validated++;
	if (driver.no_ip4 && ip == RTE_FLOW_ITEM_TYPE_IPV4)
		return -ENOTSUP; /* without words */
	if ((driver.no_ip6 && ip == RTE_FLOW_ITEM_TYPE_IPV6) ||
		(driver.no_mask && mask->hdr.dst_port != 0xffff)) {
		error->message = "no such match";
		return -EINVAL;
	}
	return 0;
}

struct rte_flow *rte_flow_create(uint16_t port, const struct rte_flow_attr *attr,
	const struct rte_flow_item pattern[], const struct rte_flow_action actions[],
	struct rte_flow_error *error)
{
	const struct rte_flow_item_udp *spec = pattern[2].spec, *mask = pattern[2].mask;
	unsigned i = driver.made;

	assert_true(wanted(port, attr, pattern, actions));
	if (driver.made == driver.creates || driver.made == ROOM) {
		error->message = driver.words;
		return NULL;
	}
	driver.made++;
	driver.there++;
	driver.rule[i].ip = pattern[1].type;
	driver.rule[i].value = rte_be_to_cpu_16(spec->hdr.dst_port);
	driver.rule[i].mask = rte_be_to_cpu_16(mask->hdr.dst_port);
	driver.rule[i].queue = ((const struct rte_flow_action_queue *)actions[0].conf)->index;
	driver.rule[i].there = true;
	return (struct rte_flow *)&driver.rule[i];
}

int rte_flow_destroy(uint16_t port, struct rte_flow *flow, struct rte_flow_error *error)
{
	size_t at = (size_t)((char *)flow - (char *)driver.rule) / sizeof(driver.rule[0]);
	bool *there = &driver.rule[at].there;

	assert_int_equal(port, PORT);
	assert_true(*there);
	assert_non_null(error);
	*there = false;
	driver.there--;
	return 0;
}

/* --- the rules ------------------------------------------------------------------------ */

/* Where the device brings a packet; -1: no rule takes it. */
static int queue_of(enum rte_flow_item_type ip, uint16_t port)
{
	for (unsigned i = 0; i < driver.made; i++)
		if (driver.rule[i].there && driver.rule[i].ip == ip &&
			(port & driver.rule[i].mask) == driver.rule[i].value)
			return driver.rule[i].queue;
	return -1;
}

/* Every UDP port of a family, or the workers' own alone, comes to the worker it belongs to. */
static void assert_covered(enum rte_flow_item_type ip, const struct dp_steering_want *want, bool all)
{
	for (uint32_t offset = 0; offset < want->udp_ports; offset++) {
		int owner = sh_port_owner(offset, want->workers, want->udp_ports);
		int queue = queue_of(ip, (uint16_t)(want->udp_base + offset));

		if (offset < want->workers || all)
			assert_int_equal(queue, owner);
		else
			assert_int_equal(queue, -1);
	}
}

static void start(struct dp_steering *s, const struct dp_steering_want *want, struct driver as)
{
	driver = as;
	dp_steering_start(s, PORT, want);
	assert_int_equal(driver.there, s->rules);
}

static void stop(struct dp_steering *s)
{
	dp_steering_stop(s, PORT);
	assert_int_equal(driver.there, 0);
	assert_int_equal(s->rules, 0);
}

static void masked(void **state)
{
	struct dp_steering s;

	(void)state;
	/* The owner follows from the port's lowest bits whatever the first port is. */
	for (uint16_t base = BASE; base < BASE + 17; base++)
		for (uint16_t workers = 2; workers <= 16; workers *= 2) {
			struct dp_steering_want want = {.workers = workers,
				.udp_base = base,
				.udp_ports = 201,
				.ip4 = true,
				.ip6 = true};

			start(&s, &want, (struct driver){.creates = ROOM});
			assert_int_equal(s.method, SH_STEER_RULES);
			assert_string_equal(s.reason, "");
			assert_int_equal(s.rules, 2 * workers);
			assert_covered(RTE_FLOW_ITEM_TYPE_IPV4, &want, true);
			assert_covered(RTE_FLOW_ITEM_TYPE_IPV6, &want, true);
			stop(&s);
		}
}

static void whole_ports(void **state)
{
	struct dp_steering_want want = {
		.workers = 3, .udp_base = BASE, .udp_ports = 201, .ip4 = true, .ip6 = true, .rss = true};
	struct dp_steering s;

	(void)state;
	start(&s, &want, (struct driver){.creates = ROOM});
	assert_int_equal(s.method, SH_STEER_RULES_PARTLY);
	assert_string_equal(s.reason, "plain transports are handed over: the workers are no power of two");
	assert_int_equal(s.rules, 6);
	assert_covered(RTE_FLOW_ITEM_TYPE_IPV4, &want, false);
	assert_covered(RTE_FLOW_ITEM_TYPE_IPV6, &want, false);
	stop(&s);

	want.udp_ports = 3; /* there are no others */
	start(&s, &want, (struct driver){.creates = ROOM});
	assert_int_equal(s.method, SH_STEER_RULES);
	assert_covered(RTE_FLOW_ITEM_TYPE_IPV6, &want, true);
	stop(&s);

	want.workers = 4;
	want.udp_ports = 201;
	want.ip6 = false;
	start(&s, &want, (struct driver){.creates = ROOM, .no_mask = true});
	assert_int_equal(s.method, SH_STEER_RULES_PARTLY);
	assert_string_equal(s.reason, "plain transports are handed over: no rules with a masked port");
	assert_int_equal(s.rules, 4);
	assert_covered(RTE_FLOW_ITEM_TYPE_IPV4, &want, false);
	assert_int_equal(queue_of(RTE_FLOW_ITEM_TYPE_IPV6, BASE), -1);
	stop(&s);
}

static void one_family(void **state)
{
	struct dp_steering_want want = {
		.workers = 2, .udp_base = BASE, .udp_ports = 201, .ip4 = true, .ip6 = true, .rss = true};
	struct dp_steering s;

	(void)state;
	start(&s, &want, (struct driver){.creates = ROOM, .no_ip6 = true});
	assert_int_equal(s.method, SH_STEER_RULES_PARTLY);
	assert_string_equal(s.reason, "IPv6 rules: validate: no such match");
	assert_int_equal(s.rules, 2);
	assert_covered(RTE_FLOW_ITEM_TYPE_IPV4, &want, true);
	assert_int_equal(queue_of(RTE_FLOW_ITEM_TYPE_IPV6, BASE), -1);
	stop(&s);

	start(&s, &want, (struct driver){.creates = ROOM, .no_ip4 = true});
	assert_int_equal(s.method, SH_STEER_RULES_PARTLY);
	assert_string_equal(s.reason, "IPv4 rules: validate: Operation not supported");
	assert_covered(RTE_FLOW_ITEM_TYPE_IPV6, &want, true);
	stop(&s);

	want.ip4 = want.ip6 = false;
	want.ip6 = true;
	start(&s, &want, (struct driver){.creates = ROOM, .no_ip4 = true});
	assert_int_equal(s.method, SH_STEER_RULES);
	stop(&s);
}

/* What a driver refuses half-way is taken back whole. */
static void half_way(void **state)
{
	struct dp_steering_want want = {
		.workers = 4, .udp_base = BASE, .udp_ports = 201, .ip4 = true, .ip6 = false, .rss = true};
	struct dp_steering s;

	(void)state;
	for (unsigned creates = 0; creates < 4; creates++) {
		start(&s, &want, (struct driver){.creates = creates, .words = "the table is full"});
		assert_int_equal(s.method, SH_STEER_RSS);
		assert_string_equal(s.reason, "IPv4 rules: create: the table is full");
		assert_int_equal(s.rules, 0);
		assert_int_equal(queue_of(RTE_FLOW_ITEM_TYPE_IPV4, BASE), -1);
		stop(&s);
	}
	want.rss = false;
	start(&s, &want, (struct driver){.creates = 3});
	assert_int_equal(s.method, SH_STEER_HANDOFF);
	assert_string_equal(s.reason, "IPv4 rules: create: refused");
	stop(&s);
}

static void one_worker(void **state)
{
	struct dp_steering_want want = {
		.workers = 1, .udp_base = BASE, .udp_ports = 201, .ip4 = true, .rss = true};
	struct dp_steering s;

	(void)state;
	start(&s, &want, (struct driver){.creates = ROOM});
	assert_int_equal(s.method, SH_STEER_ONE_QUEUE);
	assert_int_equal(driver.validated, 0);
	stop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masked),
		cmocka_unit_test(whole_ports),
		cmocka_unit_test(one_family),
		cmocka_unit_test(half_way),
		cmocka_unit_test(one_worker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
