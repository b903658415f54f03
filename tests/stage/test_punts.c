/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A control plane that takes nothing from the punt ring: what finds no room is dropped and counted,
 * and once the ring is empty checks are passed up again. A datagram longer than a place in the ring
 * never is.
 */

#include <stdio.h>
#include <string.h>

#include "dataplane/net/fragment.h"
#include "dataplane/net/frame.h"
#include "dataplane/net/ip.h"
#include "tests/stage/harness.h"

enum {
	SLOTS = 1024, /* of the ring of a worker */
	TRANSPORTS = 16,
	EACH = 80, /* checks for one of them, within its budget */
	CHECKS = TRANSPORTS * EACH,
	BURST = 50, /* checks sent at a time, so that the TAP loses none */
	LONG = SH_DATAGRAM_MAX + 100,
	TRANSPORT = 0x1000,
};

static const char config[] =
	"{\"network\":{\"ports\":[{\"device\":\"net_tap0\",\"args\":\"iface=stage0\",\"addresses\":[\"10.1.0."
	"2/8\"]}]},"
	"\"dataplane\":{\"mbufs\":8192},\"limits\":{\"transports\":16,\"producers\":4,\"consumers\":8,"
	"\"punts_per_second\":1000000,\"punts_per_network\":1000000}}";
static const char password[] = "0123456789abcdefghijklmn";

static struct stage s;
static uint8_t mac[6];
static struct sh_path path;

static void learn_mac(void)
{
	static const uint8_t none[6];
	uint64_t end = stage_ms() + STAGE_WAIT_MS;

	do {
		memcpy(mac, sh_stats_port(&s.stats, 0)->mac, 6);
	} while (memcmp(mac, none, 6) == 0 && stage_ms() < end);
}

static void username_of(unsigned transport, char *out, size_t size)
{
	snprintf(out, size, "viewer%02u:peer", transport);
}

static void add_transport(unsigned i)
{
	struct sh_cmd c = {.op = SH_OP_TRANSPORT_ADD, .id = TRANSPORT + i};
	char username[32];

	username_of(i, username, sizeof(username));
	c.transport_add.consent_ms = 30000;
	c.transport_add.ufrag_len = 8;
	c.transport_add.pwd_len = (uint8_t)strlen(password);
	memcpy(c.transport_add.ufrag, username, 8);
	memcpy(c.transport_add.pwd, password, strlen(password));
	STAGE_CHECK(stage_cmd(&s, c) == 0);
}

/* Each from an address of its own. */
static void send_checks(unsigned transport, unsigned n)
{
	uint8_t request[200];
	struct stage_frame f;
	char username[32];

	username_of(transport, username, sizeof(username));
	for (unsigned i = 0; i < n; i++) {
		path.remote.port++;
		stage_udp(&f, mac, &path, request, stage_stun(request, username, password, true));
		stage_tap_send(&s, &f);
		if (i % BURST == BURST - 1)
			stage_sleep(5);
	}
}

static bool wait_for_drops(enum sh_drop reason)
{
	uint64_t end = stage_ms() + STAGE_WAIT_MS;

	while (stage_drops(&s, reason) == 0 && stage_ms() < end)
		stage_sleep(10);
	return stage_drops(&s, reason) > 0;
}

static void a_full_ring(void)
{
	static struct sh_packet p;
	unsigned passed = 0;

	for (unsigned i = 0; i < TRANSPORTS; i++)
		send_checks(i, EACH);
	STAGE_CHECK(wait_for_drops(SH_DROP_PUNT_FULL));
	stage_sleep(100);
	while (stage_punt(&s, 0, &p, 0))
		passed++;
	printf("%u of %u checks passed up, %lu found no room\n", passed, CHECKS,
		(unsigned long)stage_drops(&s, SH_DROP_PUNT_FULL));
	STAGE_CHECK(passed + stage_drops(&s, SH_DROP_PUNT_FULL) == CHECKS);
	stage_sleep(500); /* the budget of the transport grows again */
	send_checks(0, 1);
	STAGE_CHECK(stage_punt(&s, 0, &p, STAGE_WAIT_MS) && p.path.remote.port == path.remote.port);
}

/* A record of DTLS that is longer than any client sends, in two fragments. */
static void a_long_datagram(void)
{
	static uint8_t data[LONG];
	static struct stage_frame whole, part;
	struct sh_cmd c = {.op = SH_OP_TRANSPORT_BIND, .id = TRANSPORT};
	size_t headers, at = DP_ETHER_HEADER + DP_IPV4_HEADER, half = 800;
	static struct sh_packet p;

	c.transport_bind.path = path;
	c.transport_bind.selected = true;
	STAGE_CHECK(stage_cmd(&s, c) == 0);
	data[0] = 0x16; /* DTLS: a handshake */
	data[1] = 0xfe;
	data[2] = 0xfd;
	stage_udp(&whole, mac, &path, data, sizeof(data));
	for (size_t from = 0; from < whole.len - at; from += half) {
		size_t len = whole.len - at - from < half ? whole.len - at - from : half;

		memcpy(part.data, whole.data, at);
		headers = dp_fragment_build(part.data + DP_ETHER_HEADER, 4, 7, from, len,
			from + len < whole.len - at);
		memcpy(part.data + DP_ETHER_HEADER + headers, whole.data + at + from, len);
		part.len = DP_ETHER_HEADER + headers + len;
		stage_tap_send(&s, &part);
	}
	STAGE_CHECK(wait_for_drops(SH_DROP_PUNT_LENGTH));
	STAGE_CHECK(!stage_punt(&s, 0, &p, 50));
}

int main(void)
{
	stage_namespace();
	stage_init(&s);
	stage_start(&s, config);
	STAGE_CHECK(stage_hello(&s) == 0);
	stage_tap_open(&s, "stage0");
	learn_mac();
	path = stage_path("10.1.0.66", 20000, "10.1.0.2", 20000);
	for (unsigned i = 0; i < TRANSPORTS; i++)
		add_transport(i);
	a_full_ring();
	a_long_datagram();
	STAGE_CHECK(stage_stop(&s) == 0);
	stage_end(&s);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
