/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Checks the firewall of this machine, as nft(8) prints it, and the addresses that clients are
 * told. Packets to a NIC that DPDK drives do not pass the kernel's firewall; signaling does.
 */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/ctl/machine/doctor.h"

enum { REMEDY = 300 };

/* All that the program prints; the caller frees it. NULL: it cannot be run, or fails. */
static char *output_of(const char *command)
{
	char *text = NULL, line[MACHINE_LINE];
	FILE *pipe = popen(command, "re"), *f;
	size_t size;

	if (!pipe)
		return NULL;
	f = open_memstream(&text, &size);
	while (f && fgets(line, sizeof(line), pipe))
		fputs(line, f);
	if (f)
		fclose(f);
	if (pclose(pipe) == 0)
		return text;
	free(text);
	return NULL;
}

/* True if a chain of that hook drops what none of its rules accepts. */
static bool drops(const char *rules, const char *hook)
{
	for (const char *at = strstr(rules, hook); at; at = strstr(at + 1, hook)) {
		const char *end = strchr(at, '}'), *policy = strstr(at, "policy drop"),
			   *chain = strstr(at, "chain ");

		if (policy && (!end || policy < end) && (!chain || policy < chain))
			return true;
	}
	return false;
}

/* True if a rule names the port of that protocol, alone, in a set or in a range. */
static bool names_port(const char *rules, const char *dport, unsigned port)
{
	for (const char *at = strstr(rules, dport); at; at = strstr(at + 1, dport)) {
		const char *p = at + strlen(dport), *end = p + strcspn(p, "\n");

		while (p < end) {
			char *rest;
			unsigned long first, last;

			if (!isdigit((unsigned char)*p)) {
				p++;
				continue;
			}
			first = last = strtoul(p, &rest, 10);
			if (*rest == '-')
				last = strtoul(rest + 1, &rest, 10);
			if (port >= first && port <= last)
				return true;
			p = rest;
		}
	}
	return false;
}

static void check_firewall(struct doctor *d)
{
	const struct sh_config *c = d->config;
	unsigned last = c->network.udp_port_base + c->dataplane.workers - 1;
	char *rules = output_of("nft list ruleset 2>/dev/null"), remedy[REMEDY];

	if (!rules)
		doctor_say(d, "firewall", DOCTOR_WARNING, "run it as root, with nftables installed",
			"nft list ruleset does not work, so it is not known what the kernel lets in");
	else if (drops(rules, "hook input") && !names_port(rules, "tcp dport", c->http.port)) {
		snprintf(remedy, sizeof(remedy), "nft add rule inet filter input tcp dport %u accept",
			c->http.port);
		doctor_say(d, "firewall", DOCTOR_FAULT, remedy,
			"the kernel drops what comes in, and no rule accepts TCP %u for signaling",
			c->http.port);
	} else {
		doctor_say(d, "firewall", DOCTOR_OK, NULL,
			"TCP %u is let in by this machine; one in front must also let UDP %u-%u in",
			c->http.port, c->network.udp_port_base, last);
	}
	free(rules);
}

static void check_announced_address(struct doctor *d, const struct sh_addr *a, bool own)
{
	char text[64];

	sh_addr_format(a, text, sizeof(text));
	if (machine_is_private(a))
		doctor_say(d, "announced", DOCTOR_WARNING,
			own ? "set network.announced to the address at which clients reach this one"
			    : "announce the public address, unless all viewers are in this network",
			"clients are told %s, which nobody reaches over the internet", text);
	else
		doctor_say(d, "announced", DOCTOR_OK, NULL, "clients are told %s", text);
}

void doctor_check_network(struct doctor *d)
{
	const struct sh_config *c = d->config;

	check_firewall(d);
	for (uint32_t i = 0; i < c->network.announced_count; i++)
		check_announced_address(d, &c->network.announced[i], false);
	for (uint32_t i = 0; i < c->network.port_count && c->network.announced_count == 0; i++)
		for (uint32_t k = 0; k < c->network.port[i].address_count; k++)
			check_announced_address(d, &c->network.port[i].address[k].addr, true);
}
