/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_STAGE_HARNESS_H
#define SPATE_TESTS_STAGE_HARNESS_H

/*
 * The real spate-dataplane under test, with this program as its control plane. Frames go
 * in and out either through pcap files (no privileges needed) or through a TAP in a
 * network namespace that the test makes for itself (root needed).
 *
 * Every wait has a limit; a failed precondition ends the test with a sentence.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shared/abi.h"
#include "shared/ring.h"
#include "shared/stats_reader.h"

enum { STAGE_FRAME_MAX = 2048, STAGE_WAIT_MS = 3000, STAGE_SKIPPED = 77 };

struct stage {
	char dir[64]; /* private; holds config.json, the run directory, log.txt, pcap files */
	pid_t pid; /* 0: not running */
	int log_fd; /* takes the log in place of log.txt; 0: none */
	int socket; /* the HELLO connection; -1: none */
	struct sh_hello_reply hello;
	void *map;
	struct sh_ring cmd, event, object, punt[SH_MAX_WORKERS], inject[SH_MAX_WORKERS];
	int wake_data, wake_control;
	struct sh_stats_reader stats;
	uint32_t seq;
	int tap; /* AF_PACKET socket for the kernel's side of the TAP; -1: none */
	int interface; /* its index */
};

/* --- the process --------------------------------------------------------------------- */

/* Makes the private directory. */
void stage_init(struct stage *s);
/* Writes the configuration (JSON; run_dir is added by an option) and starts the program. */
void stage_start(struct stage *s, const char *config);
/*
 * SIGTERM; waits 2 s for the end. Returns the exit status, or -1 when it had to be
 * killed. The run directory must then be empty.
 */
int stage_stop(struct stage *s);
/* Waits for the program to end by itself. Its exit status, or -1: it runs on, or was killed. */
int stage_exit(struct stage *s);
/* SIGKILL: what the program cannot clean up stays. */
void stage_kill(struct stage *s);
/* Stops what runs and removes the directory. */
void stage_end(struct stage *s);
/* The program's log so far; the caller frees it. */
char *stage_log(const struct stage *s);

/* --- as a control plane --------------------------------------------------------------- */

/* Whether this process can connect to the program's socket. */
bool stage_reachable(const struct stage *s);
/* Connects, and waits for the start. The caller closes the descriptor. */
int stage_connect(struct stage *s);
/* Connects and says HELLO. 0, or the error of the answer (see hello.reason). Waits for the start. */
int stage_hello(struct stage *s);
/* The same with a HELLO of the caller's making. */
int stage_hello_with(struct stage *s, const struct sh_hello *h, size_t len);
/* A right HELLO, to be spoilt. */
struct sh_hello stage_hello_record(void);
/* Closes the connection and unmaps the rings, as a killed control plane does. */
void stage_leave(struct stage *s);

/* Sends a command; its `seq` is given here and returned. */
uint32_t stage_send(struct stage *s, struct sh_cmd cmd);
/* Waits for the answer of one command; other events meanwhile are thrown away. errno. */
int stage_ack(struct stage *s, uint32_t seq);
/* Both. */
int stage_cmd(struct stage *s, struct sh_cmd cmd);
/* Waits for an event of that kind, throwing away others. False: none came. */
bool stage_event(struct stage *s, enum sh_event_kind kind, struct sh_event *out);

/* Waits for the next record of a list. False: none came. */
bool stage_object(struct stage *s, struct sh_object *out);

/* Waits for a punted packet. False: none came in `ms`. */
bool stage_punt(struct stage *s, unsigned worker, struct sh_packet *out, unsigned ms);
void stage_inject(struct stage *s, unsigned worker, const struct sh_packet *p);

/* --- statistics ------------------------------------------------------------------------- */

/* A reason's count over all workers. */
uint64_t stage_drops(const struct stage *s, enum sh_drop reason);
/* A counter over all workers, by its offset in struct sh_worker_stats. */
uint64_t stage_sum(const struct stage *s, size_t offset);
#define STAGE_SUM(s, field) stage_sum((s), offsetof(struct sh_worker_stats, field))
/* What the packets to viewers took from RX to TX, over all workers. */
struct sh_latency stage_latency(const struct stage *s);
/* Waits until the counter is at least `value`. */
bool stage_wait(const struct stage *s, size_t offset, uint64_t value);
#define STAGE_WAIT(s, field, value) stage_wait((s), offsetof(struct sh_worker_stats, field), (value))

/* --- frames ------------------------------------------------------------------------------- */

struct stage_frame {
	size_t len;
	uint8_t data[STAGE_FRAME_MAX];
};

/* Ends the program as skipped unless it is root; then moves it into a network namespace of its own. */
void stage_namespace(void);
/* Opens the kernel's side of the TAP. The interface is up once stage_hello() has returned. */
void stage_tap_open(struct stage *s, const char *interface);
/* Sets an interface up or down. A TAP's kernel side down: the device takes no packet from the data plane. */
void stage_tap_link(const char *interface, bool up);
void stage_tap_send(struct stage *s, const struct stage_frame *f);
/* The next frame from the data plane. False: none in `ms`. */
bool stage_tap_receive(struct stage *s, struct stage_frame *f, unsigned ms);

/* pcap files with Ethernet frames. `count` of the reader is how many fit and how many there were. */
void stage_pcap_write(const char *path, const struct stage_frame *f, size_t count);
size_t stage_pcap_read(const char *path, struct stage_frame *f, size_t room);

/* A UDP datagram in Ethernet, with checksums. Addresses as in the path: from remote to local. */
void stage_udp(struct stage_frame *f, const uint8_t dst_mac[6], const struct sh_path *path,
	const void *payload, size_t len);
/* A path from text: "10.1.0.9", 4000 to "10.1.0.2", 20000; the neighbour 02:00:00:00:00:09. */
struct sh_path stage_path(const char *remote, uint16_t remote_port, const char *local, uint16_t local_port);
/* Payload of a UDP frame from the data plane. NULL: it is none, or a checksum is wrong. */
const uint8_t *stage_payload(const struct stage_frame *f, size_t *len);
/* Where the IP header's and UDP's checksums must be made anew after a change. */
void stage_fix(struct stage_frame *f);

/*
 * A binding request with USERNAME, PRIORITY, ICE-CONTROLLING, MESSAGE-INTEGRITY and
 * FINGERPRINT; `use_candidate` adds that. Returns its length, below 200.
 */
size_t stage_stun(uint8_t *out, const char *username, const char *password, bool use_candidate);

/* --- small things ---------------------------------------------------------------------- */

/* Says where, and counts it in stage_failures, unless `right`. */
#define STAGE_CHECK(right) stage_check((right), #right, __FILE__, __LINE__)
void stage_check(bool right, const char *what, const char *file, int line);
extern int stage_failures;
/* Ends the test with a sentence. */
__attribute__((noreturn, format(printf, 1, 2))) void stage_die(const char *fmt, ...);
void stage_sleep(unsigned ms);
/* CLOCK_MONOTONIC. */
uint64_t stage_ms(void);

#endif
