/* SPDX-License-Identifier: Apache-2.0 */

/*
 * There is memory for what the limits allow: as many producers as there may be, each of the kind
 * that takes most, VP9 in layers. Without hugepages all of it is reserved at the start; with them
 * the heap grows while the process has no privileges any more.
 */

#include <stdbool.h>
#include <stdio.h>

#include "tests/stage/harness.h"

enum { TRANSPORTS = 8, EACH = 512, TRANSPORT = 0x1000, PRODUCER = 0x2000, HUGEPAGES = 256 };

static const char config[] =
	"{\"network\":{\"ports\":[{\"device\":\"net_null0\",\"addresses\":[\"10.1.0.2/24\"]}]},"
	"\"dataplane\":{\"mbufs\":1024,\"hugepages\":%s},"
	"\"limits\":{\"transports\":%d,\"producers\":%u,\"consumers\":8,\"ssrcs_per_transport\":%d}}";

static void add_transport(struct stage *s, sh_id id)
{
	struct sh_cmd c = {.op = SH_OP_TRANSPORT_ADD, .id = id};

	c.transport_add.consent_ms = 30000;
	c.transport_add.ufrag_len = (uint8_t)snprintf(c.transport_add.ufrag, sizeof(c.transport_add.ufrag),
		"ufrag%04x", (unsigned)id);
	c.transport_add.pwd_len = (uint8_t)snprintf(c.transport_add.pwd, sizeof(c.transport_add.pwd),
		"0123456789abcdefghijklmn");
	STAGE_CHECK(stage_cmd(s, c) == 0);
}

/* Returns what the data plane says to it. */
static int add_layered(struct stage *s, unsigned i)
{
	struct sh_cmd c = {
		.op = SH_OP_PRODUCER_ADD, .id = PRODUCER + i, .producer_add = SH_PRODUCER_ADD_SIMPLE};
	struct sh_producer_add *a = &c.producer_add;

	a->transport = TRANSPORT + i / EACH;
	a->ssrc = 0x10000 + i;
	a->clock_rate = 90000;
	a->kind = SH_KIND_VIDEO;
	a->codec = SH_CODEC_VP9;
	a->pt = 98;
	a->spatial_layers = a->temporal_layers = 3;
	a->svc = SH_SVC_KEY;
	return stage_cmd(s, c);
}

static void fill(bool hugepages, unsigned producers)
{
	static struct stage s;
	unsigned added = 0;
	char text[400];

	snprintf(text, sizeof(text), config, hugepages ? "true" : "false", TRANSPORTS, producers, EACH);
	stage_init(&s);
	stage_start(&s, text);
	if (stage_hello(&s) != 0)
		stage_die("HELLO was refused: %s", s.hello.reason);
	for (unsigned i = 0; i < TRANSPORTS; i++)
		add_transport(&s, TRANSPORT + i);
	while (added < producers && add_layered(&s, added) == 0)
		added++;
	printf("%u of %u producers%s\n", added, producers, hugepages ? " in hugepages" : "");
	STAGE_CHECK(added == producers);
	STAGE_CHECK(stage_stop(&s) == 0);
	stage_end(&s);
}

static unsigned free_hugepages(void)
{
	FILE *f = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "re");
	unsigned n = 0;

	if (f && fscanf(f, "%u", &n) != 1)
		n = 0;
	if (f)
		fclose(f);
	return n;
}

int main(void)
{
	stage_namespace();
	fill(false, 1024);
	if (free_hugepages() >= HUGEPAGES)
		fill(true, 256);
	else
		puts("hugepages: not tested here, fewer than 256 are free; vm-rehearsal uses them");
	return stage_failures ? 1 : 0;
}
