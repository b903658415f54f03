/* SPDX-License-Identifier: Apache-2.0 */
/* What one direction of the wire does to packets, and the words by which it is set. */
#ifndef SPATE_TOOLS_WIRE_SETTINGS_H
#define SPATE_TOOLS_WIRE_SETTINGS_H

#include <stdint.h>

/* From the client's end (A) to the server's (B), and back. */
enum wire_direction { WIRE_UP, WIRE_DOWN, WIRE_DIRECTIONS };

/* Probabilities from 0 to 1, times in nanoseconds. */
struct wire_settings {
	double loss; /* of each packet, independent of others */
	double burst; /* that a burst of losses begins with a packet */
	double burst_length; /* mean packets in a burst, at least 1 */
	double reorder; /* that a packet is held back, so that later ones overtake it */
	double dup; /* that a packet is delivered twice */
	uint64_t delay; /* of each packet */
	uint64_t jitter; /* further delay, which changes between 0 and this without re-ordering */
	uint64_t reorder_by; /* how long a packet is held back */
	uint64_t queue_time; /* a packet that would wait longer at the bottleneck is dropped */
	uint64_t rate; /* of the bottleneck in bit/s of Ethernet frames; 0: there is none */
	uint64_t queue_bytes; /* a packet that makes the queue longer is dropped; 0: no such limit */
};

/* A wire that changes nothing. */
void wire_settings_init(struct wire_settings *s);

/*
 * Applies "loss=5%", "up.rate=400k", "down.queue=200ms" or the like to both directions or to the
 * one named. EINVAL: no such word, or a value that it cannot have; nothing has changed then.
 */
int wire_settings_apply(struct wire_settings s[WIRE_DIRECTIONS], const char *assignment);

#endif
