/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tools/bench peers measures what each packet to a viewer costs the worker of another forwarder, at
 * the highest load at which nothing is lost and no backlog grows. The producer and all viewers are
 * in this program.
 */

#include <arpa/inet.h>
#include <err.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tools/benchmarks/src/audience.h"
#include "tools/benchmarks/src/oracle.h"
#include "tools/benchmarks/src/round_trip.h"
#include "tools/benchmarks/src/sfu.h"

#include "shared/bytes.h"

enum {
	BURST_MAX = 32,
	BURSTS_MIN = 5, /* bursts in a window */
	RTP_HEADER = 12,
	WARM_MS = 200,
	DRAIN_MS = 300,
	TICK_MS = 50,
	NAP_US = 100, /* between reads of the sockets: a worker never has to wake this program */
	STEPS_MAX = 40,
	/* steps between the highest load that was carried and the lowest that was not */
	NARROWING = 3,
	CONFIRMING = 8, /* loads that are tried until one is carried for a whole window */
};

#define FIRST_PPS         40e3
#define FACTOR            1.25
#define CONFIRMING_FACTOR 0.97
#define LOSS_MAX          0.001 /* share of the packets sent in the step */
/* bursts on their way at the end of the window, when the next one is due */
#define BACKLOG_MAX 1
#define CAME_MIN    0.97 /* share of the requested rate, in the window */

struct options {
	unsigned worker_core, load_core, viewers, payload, burst, ms;
	char **command; /* the command that starts the other server */
};

/* The producer, which sends RTP without SRTP. */
struct source {
	int fd;
	uint32_t ssrc;
	uint8_t payload_type;
	uint64_t number; /* number of the next packet */
};

struct bench {
	struct options options;
	struct sfu sfu;
	struct audience audience;
	struct source source;
	uint64_t tick_ns, burst_ns; /* when the next tick and the next burst are due */
	struct round_trips round_trips; /* before and after the search */
};

/* One load, for WARM_MS and then a window in which it is measured. */
struct step {
	double asked, pps; /* packets to viewers a second */
	double cpu_us; /* CPU time of the worker per packet */
	double busy, loader; /* share of a core that the worker and this program used */
	uint64_t sent, lost; /* packets to viewers, including those during WARM_MS and the drain */
	uint64_t backlog; /* packets on their way when the window ended */
	uint64_t drops; /* those of `lost` that viewers' sockets dropped */
	unsigned verified;
	bool held;
};

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* --- the producer --------------------------------------------------------------------------- */

static void source_open(struct source *s, const cJSON *answer)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)sfu_number(answer, "port"))};

	s->ssrc = sfu_number(answer, "ssrc");
	s->payload_type = (uint8_t)sfu_number(answer, "payloadType");
	s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || inet_pton(AF_INET, sfu_text(answer, "ip"), &to.sin_addr) != 1 ||
		connect(s->fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		err(1, "the producer cannot reach the server");
}

/* Sends a burst, which is a frame (RFC 3550, 5.1). The first packet of all begins a key frame. */
static void source_send(struct source *s, unsigned burst, size_t payload)
{
	uint8_t data[AUDIENCE_DATAGRAM];

	for (unsigned i = 0; i < burst; i++, s->number++) {
		data[0] = 0x80;
		data[1] = (uint8_t)(s->payload_type | (i + 1 == burst ? 0x80 : 0));
		data[2] = (uint8_t)(s->number >> 8);
		data[3] = (uint8_t)s->number;
		sh_put_be32(data + 4, (uint32_t)(s->number / burst * 3000));
		sh_put_be32(data + 8, s->ssrc);
		oracle_payload(data + RTP_HEADER, payload, s->number, s->number == 0);
		/* if it is not sent, it counts as lost */
		(void)!send(s->fd, data, RTP_HEADER + payload, 0);
	}
}

/* --- a load ------------------------------------------------------------------------------------ */

/*
 * Sends the bursts due before `end_ns` and reads the sockets. Sleeps when there was little to read.
 */
static void turn(struct bench *b, uint64_t every_ns, uint64_t end_ns)
{
	const struct timespec nap = {.tv_nsec = NAP_US * 1000};
	uint64_t now = now_ns(CLOCK_MONOTONIC);

	for (; b->burst_ns <= now && b->burst_ns < end_ns; b->burst_ns += every_ns)
		source_send(&b->source, b->options.burst, b->options.payload);
	if (now >= b->tick_ns) {
		audience_tick(&b->audience);
		b->tick_ns = now + (uint64_t)TICK_MS * 1000000;
	}
	if (audience_receive(&b->audience) < b->options.viewers / 2)
		nanosleep(&nap, NULL);
}

/* Sends whole bursts for about `ms`, until the next one would be due. */
static void turn_for(struct bench *b, uint64_t every_ns, unsigned ms)
{
	uint64_t bursts = (uint64_t)ms * 1000000 / every_ns + 1, end;

	end = b->burst_ns + (bursts > BURSTS_MIN ? bursts : BURSTS_MIN) * every_ns;
	while (now_ns(CLOCK_MONOTONIC) < end)
		turn(b, every_ns, end);
}

static uint64_t expected(const struct bench *b)
{
	return b->source.number * b->options.viewers;
}

/* Reads until everything has arrived, or nothing has for DRAIN_MS. */
static void drain(struct bench *b, uint64_t want)
{
	uint64_t got = b->audience.got, last = now_ns(CLOCK_MONOTONIC);

	while (b->audience.got < want && now_ns(CLOCK_MONOTONIC) < last + (uint64_t)DRAIN_MS * 1000000) {
		turn(b, 0, 0);
		if (b->audience.got != got)
			last = now_ns(CLOCK_MONOTONIC);
		got = b->audience.got;
	}
}

struct marks {
	uint64_t ns, cpu_ns, own_ns, got;
};

static struct marks mark(const struct bench *b)
{
	return (struct marks){.ns = now_ns(CLOCK_MONOTONIC),
		.cpu_ns = sfu_cpu_ns(&b->sfu),
		.own_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID),
		.got = b->audience.got};
}

static void print_step(const struct step *s)
{
	fprintf(stderr, "%10.0f %10.0f %9.2f %7.1f %7.1f %9.4f %8lu %8lu %8u%s\n", s->asked, s->pps,
		s->cpu_us, 100 * s->busy, 100 * s->loader, 100.0 * (double)s->lost / (double)s->sent,
		(unsigned long)s->drops, (unsigned long)s->backlog, s->verified,
		s->held ? "" : "  not carried");
}

static void run_step(struct bench *b, double pps, unsigned ms, struct step *s)
{
	const unsigned one = b->options.burst * b->options.viewers;
	uint64_t every_ns = (uint64_t)(one * 1e9 / pps), missing = expected(b) - b->audience.got;
	uint64_t sent = expected(b), wrong = b->audience.wrong, drops = audience_drops(&b->audience);
	struct marks from, to;
	double elapsed;

	memset(s, 0, sizeof(*s));
	s->asked = pps;
	b->burst_ns = now_ns(CLOCK_MONOTONIC);
	turn_for(b, every_ns, WARM_MS);
	audience_sample(&b->audience, b->source.number + b->options.burst / 2);
	from = mark(b);
	turn_for(b, every_ns, ms);
	to = mark(b);
	s->backlog = expected(b) - b->audience.got - missing;
	drain(b, expected(b) - missing);
	elapsed = (double)(to.ns - from.ns);
	s->pps = (double)(to.got - from.got) * 1e9 / elapsed;
	s->cpu_us =
		to.got > from.got ? (double)(to.cpu_ns - from.cpu_ns) / 1e3 / (double)(to.got - from.got) : 0;
	s->busy = (double)(to.cpu_ns - from.cpu_ns) / elapsed;
	s->loader = (double)(to.own_ns - from.own_ns) / elapsed;
	s->sent = expected(b) - sent;
	s->lost = expected(b) - b->audience.got - missing;
	s->drops = audience_drops(&b->audience) - drops;
	s->verified = audience_verify(&b->audience);
	if (b->audience.wrong != wrong)
		errx(1, "%lu packets were wrong", (unsigned long)(b->audience.wrong - wrong));
	s->held = (double)s->lost <= LOSS_MAX * (double)s->sent &&
		  s->backlog <= (uint64_t)BACKLOG_MAX * one && s->pps >= CAME_MIN * pps;
	print_step(s);
}

/* Runs a load, and repeats it if it was not carried: another process may have had the core. */
static bool carried(struct bench *b, double pps, unsigned ms, struct step *s)
{
	run_step(b, pps, ms, s);
	if (!s->held)
		run_step(b, pps, ms, s);
	return s->held;
}

/* Finds the highest load that is carried, and measures it for a whole window. */
static bool search(struct bench *b, struct step *best)
{
	double low = 0, high = FIRST_PPS;
	struct step s;

	for (unsigned i = 0; i < STEPS_MAX && carried(b, high, b->options.ms / 2, &s); i++) {
		low = high;
		high *= FACTOR;
	}
	for (unsigned i = 0; i < NARROWING && low > 0; i++) {
		double middle = (low + high) / 2;

		if (carried(b, middle, b->options.ms / 2, &s))
			low = middle;
		else
			high = middle;
	}
	for (unsigned i = 0; i < CONFIRMING && low > 0 && !best->held; i++, low *= CONFIRMING_FACTOR)
		run_step(b, low, b->options.ms, best);
	return best->held;
}

/* --- the whole ----------------------------------------------------------------------------------- */

static void join(struct bench *b)
{
	char viewers[16];
	const cJSON *list, *one;
	unsigned i = 0;

	snprintf(viewers, sizeof(viewers), "%u", b->options.viewers);
	for (char **word = b->options.command; *word; word++) {
		if (strcmp(*word, "VIEWERS") == 0)
			*word = viewers;
		else if (strcmp(*word, "FINGERPRINT") == 0)
			*word = b->audience.rtc.cert.fingerprint;
	}
	sfu_start(&b->sfu, b->options.command);
	sfu_pin(&b->sfu, b->options.worker_core);
	source_open(&b->source, cJSON_GetObjectItemCaseSensitive(b->sfu.answer, "source"));
	list = cJSON_GetObjectItemCaseSensitive(b->sfu.answer, "viewers");
	if (cJSON_GetArraySize(list) != (int)b->options.viewers)
		errx(1, "%s has another number of viewers", b->sfu.name);
	cJSON_ArrayForEach(one, list)
	{
		const struct rtc_remote remote = {.ip = sfu_text(one, "ip"),
			.port = (uint16_t)sfu_number(one, "port"),
			.ufrag = sfu_text(one, "ufrag"),
			.pwd = sfu_text(one, "pwd"),
			.fingerprint = sfu_text(one, "fingerprint")};

		audience_open(&b->audience, i++, &remote, sfu_number(one, "ssrc"));
	}
	audience_join(&b->audience);
}

/* Sends the first burst, which tells each viewer's first sequence number. */
static void begin(struct bench *b)
{
	source_send(&b->source, b->options.burst, b->options.payload);
	drain(b, expected(b));
	if (b->audience.got != expected(b) || b->audience.wrong > 0)
		errx(1, "of the first %lu packets %lu came, %lu of them not as expected",
			(unsigned long)expected(b), (unsigned long)(b->audience.got + b->audience.wrong),
			(unsigned long)b->audience.wrong);
}

static void print_result(const struct bench *b, const struct step *s, bool right)
{
	const struct options *o = &b->options;

	printf("{\"benchmark\":\"peers\",\"case\":\"%s\",\"profile\":\"gcm-128\",\"viewers\":%u,\"payload\":%"
	       "u,"
	       "\"burst\":%u,\"workers\":1,\"pps\":%.0f,\"cycles_per_packet\":null,\"floor_cycles\":null,"
	       "\"ratio\":null,\"cpu_us_per_packet\":%.3f,"
	       "\"packets_per_core_second\":%.0f,\"worker_busy\":%.3f,\"loader_busy\":%.3f,\"sent\":%lu,"
	       "\"dropped\":%lu,\"dropped_by_viewers\":%lu,\"backlog\":%lu,\"verified\":%u,\"right\":%s",
		b->sfu.name, o->viewers, o->payload, o->burst, s->pps, s->cpu_us,
		s->cpu_us > 0 ? 1e6 / s->cpu_us : 0, s->busy, s->loader, (unsigned long)s->sent,
		(unsigned long)s->lost, (unsigned long)s->drops, (unsigned long)s->backlog, s->verified,
		right ? "true" : "false");
	round_trips_print(&b->round_trips);
	puts("}");
}

static const struct option known[] = {
	{"worker-core", required_argument, NULL, 'w'},
	{"load-core", required_argument, NULL, 'l'},
	{"viewers", required_argument, NULL, 'v'},
	{"payload", required_argument, NULL, 'p'},
	{"burst", required_argument, NULL, 'b'},
	{"ms", required_argument, NULL, 'm'},
	{NULL, 0, NULL, 0},
};

static void read_options(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "+", known, NULL)) != -1) {
		unsigned value = optarg ? (unsigned)strtoul(optarg, NULL, 10) : 0;

		switch (c) {
		case 'w':
			o->worker_core = value;
			break;
		case 'l':
			o->load_core = value;
			break;
		case 'v':
			o->viewers = value;
			break;
		case 'p':
			o->payload = value;
			break;
		case 'b':
			o->burst = value;
			break;
		case 'm':
			o->ms = value;
			break;
		default:
			exit(2);
		}
	}
	o->command = argv + optind;
	if (!*o->command || o->viewers == 0 || o->burst == 0 || o->burst > BURST_MAX ||
		o->payload < ORACLE_PAYLOAD_MIN || o->payload > AUDIENCE_DATAGRAM - 100)
		errx(2, "usage: bench-peers [OPTION...] COMMAND... with VIEWERS and FINGERPRINT in it");
}

int main(int argc, char **argv)
{
	static struct bench b = {
		.options = {.load_core = 1, .viewers = 500, .payload = 1100, .burst = 8, .ms = 1500}};
	struct step best = {0};
	bool right;
	cpu_set_t set;

	read_options(&b.options, argc, argv);
	CPU_ZERO(&set);
	CPU_SET(b.options.load_core, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		err(1, "core %u", b.options.load_core);
	oracle_init();
	audience_init(&b.audience, b.options.viewers, b.options.payload);
	join(&b);
	begin(&b);
	fprintf(stderr, "%s, %u viewers; packets to viewers:\n%10s %10s %9s %7s %7s %9s %8s %8s %8s\n",
		b.sfu.name, b.options.viewers, "asked/s", "came/s", "us each", "% CPU", "loader", "% lost",
		"unread", "backlog", "verified");
	b.round_trips.before = round_trip(b.options.worker_core, b.options.load_core);
	right = search(&b, &best) && best.verified == b.options.viewers;
	b.round_trips.after = round_trip(b.options.worker_core, b.options.load_core);
	print_result(&b, &best, right);
	audience_close(&b.audience);
	close(b.source.fd);
	sfu_stop(&b.sfu);
	return right ? 0 : 1;
}
