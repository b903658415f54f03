/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/device/steering.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <rte_byteorder.h>

#include "dataplane/device/ports.h"

/* --- one rule --------------------------------------------------------------------------- */

/*
 * A rule: packets of Ethernet, IP and UDP whose destination port equals `value` in the bits of
 * `mask` go to `queue`. The Ethernet item names neither an EtherType nor has_vlan, so that packets
 * with and without a VLAN tag match (rte_flow.h, item ETH).
 */
struct rule {
	enum rte_flow_item_type ip; /* IPv4 or IPv6 */
	uint16_t value, mask, queue;
};

__attribute__((format(printf, 2, 3))) static void set_reason(struct dp_steering *s, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(s->reason, sizeof(s->reason), fmt, args);
	va_end(args);
}

/*
 * Validates and creates a rule, and keeps it in `s`. A driver may accept a rule at validation and
 * still fail to create it. False: the rule does not exist; s->reason has the driver's message, if
 * it gives one.
 */
static bool create_rule(struct dp_steering *s, uint16_t port, const struct rule *r)
{
	const struct rte_flow_attr attr = {.ingress = 1};
	const struct rte_flow_item_udp spec = {.hdr.dst_port = rte_cpu_to_be_16(r->value)};
	const struct rte_flow_item_udp mask = {.hdr.dst_port = rte_cpu_to_be_16(r->mask)};
	const struct rte_flow_action_queue queue = {.index = r->queue};
	const struct rte_flow_item pattern[] = {
		{.type = RTE_FLOW_ITEM_TYPE_ETH},
		{.type = r->ip},
		{.type = RTE_FLOW_ITEM_TYPE_UDP, .spec = &spec, .mask = &mask},
		{.type = RTE_FLOW_ITEM_TYPE_END},
	};
	const struct rte_flow_action actions[] = {
		{.type = RTE_FLOW_ACTION_TYPE_QUEUE, .conf = &queue},
		{.type = RTE_FLOW_ACTION_TYPE_END},
	};
	const char *family = r->ip == RTE_FLOW_ITEM_TYPE_IPV4 ? "IPv4" : "IPv6";
	struct rte_flow_error error = {0};
	struct rte_flow *flow = NULL;
	const char *step = "validate";
	int code = rte_flow_validate(port, &attr, pattern, actions, &error);

	if (code == 0) {
		step = "create";
		memset(&error, 0, sizeof(error));
		flow = rte_flow_create(port, &attr, pattern, actions, &error);
	}
	if (!flow) {
		set_reason(s, "%s rules: %s: %s", family, step,
			error.message ? error.message
			: code        ? strerror(-code)
				      : "refused");
		return false;
	}
	s->rule[s->rules++] = flow;
	return true;
}

static void remove_down_to(struct dp_steering *s, uint16_t port, unsigned left)
{
	struct rte_flow_error error;

	while (s->rules > left)
		/* If this fails, the stop of the port removes the rule. */
		(void)rte_flow_destroy(port, s->rule[--s->rules], &error);
}

/* --- the rules of one address family -------------------------------------------------------- */

/* Creates one rule for each worker, or none. False: none. */
static bool create_rules(struct dp_steering *s, uint16_t port, const struct dp_steering_want *want,
	enum rte_flow_item_type ip, uint16_t mask)
{
	unsigned before = s->rules;

	for (uint16_t i = 0; i < want->workers; i++) {
		struct rule r = {
			.ip = ip, .value = (uint16_t)(want->udp_base + i) & mask, .mask = mask, .queue = i};

		if (create_rule(s, port, &r))
			continue;
		remove_down_to(s, port, before);
		return false;
	}
	return true;
}

/*
 * Whether `n` is a power of two. For such a number of workers the lowest bits of a UDP port's
 * offset identify its owner, because the ports are assigned to the workers in rotation
 * (sh_port_owner()).
 */
static bool power_of_two(uint16_t n)
{
	return (n & (n - 1)) == 0;
}

/*
 * The UDP ports of a family that have rules: none, the workers' own, or those of plain transports
 * too.
 */
enum covered { NONE, WORKERS, ALL };

/*
 * Creates the best rules for a family that the device accepts. Less than ALL: s->reason says why.
 */
static enum covered create_family_rules(struct dp_steering *s, uint16_t port,
	const struct dp_steering_want *want, enum rte_flow_item_type ip)
{
	bool plain = want->udp_ports > want->workers;

	if (plain && power_of_two(want->workers) &&
		create_rules(s, port, want, ip, (uint16_t)(want->workers - 1)))
		return ALL;
	if (!create_rules(s, port, want, ip, 0xffff))
		return NONE;
	if (!plain)
		return ALL;
	if (!power_of_two(want->workers))
		set_reason(s, "plain transports are handed over: the workers are no power of two");
	else
		set_reason(s, "plain transports are handed over: no rules with a masked port");
	return WORKERS;
}

/* --- the choice ------------------------------------------------------------------------------- */

void dp_steering_start(struct dp_steering *s, uint16_t port, const struct dp_steering_want *want)
{
	char worst[SH_PORT_REASON] = "";
	enum covered least = ALL;

	memset(s, 0, sizeof(*s));
	s->method = SH_STEER_ONE_QUEUE;
	if (want->workers < 2)
		return;
	for (unsigned i = 0; i < 2; i++) {
		enum covered c;

		if (!(i == 0 ? want->ip4 : want->ip6))
			continue;
		c = create_family_rules(s, port, want,
			i == 0 ? RTE_FLOW_ITEM_TYPE_IPV4 : RTE_FLOW_ITEM_TYPE_IPV6);
		if (c < least) {
			least = c;
			memcpy(worst, s->reason, sizeof(worst));
		}
	}
	memcpy(s->reason, worst, sizeof(worst));
	if (least == ALL)
		s->method = SH_STEER_RULES;
	else if (s->rules > 0)
		s->method = SH_STEER_RULES_PARTLY;
	else
		s->method = want->rss ? SH_STEER_RSS : SH_STEER_HANDOFF;
}

void dp_steering_stop(struct dp_steering *s, uint16_t port)
{
	remove_down_to(s, port, 0);
}
