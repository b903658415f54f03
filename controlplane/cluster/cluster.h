/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_CLUSTER_CLUSTER_H
#define SPATE_CONTROLPLANE_CLUSTER_CLUSTER_H

/*
 * Makes this node known to the others, and the others to it, through records in Redis
 * (docs/cluster.md). Every CP_CLUSTER_CYCLE_MS the node writes a record about itself and one about
 * each room that has a live producer; each expires after CP_NODE_TTL_MS. Nothing that runs depends
 * on Redis: while it is away, what was known is kept.
 */

#include "controlplane/cluster/directory.h"
#include "controlplane/cluster/identity.h"
#include "controlplane/cluster/redis.h"
#include "controlplane/cluster/ticket.h"

struct cp_model;
struct cp_own_room;

enum {
	CP_CLUSTER_CYCLE_MS = 3000,
	CP_CLUSTER_SLICES = 30, /* a cycle's work is done in so many parts */
	CP_CLUSTER_LOOK_CYCLES = 3, /* the others' records are read once in so many cycles */
};

struct cp_cluster_counts {
	uint64_t written; /* records */
	uint64_t bad; /* records of others that were not believed */
	uint64_t old; /* records that were not newer than what was known: repeated by somebody */
	uint64_t won, lost; /* rooms that two nodes claimed */
	uint64_t redirects; /* clients that were sent to the node of their room */
	uint64_t tickets, bad_tickets; /* of clients that other nodes have sent: taken, refused */
};

struct cp_cluster {
	/* the owner sets these before cp_cluster_start, and they must outlive it */
	uv_loop_t *loop;
	const struct sh_config *config;
	const struct cp_model *model;

	/* the rest is the cluster's; read only for others */
	bool enabled; /* the configuration names Redis */
	struct cp_identity identity;
	struct cp_redis redis;
	struct cp_directory directory;
	struct cp_record_age age; /* of the record that was written last */
	uv_timer_t timer;
	unsigned slice; /* of the present cycle */
	unsigned hurried; /* slices that follow each other faster, because Redis may be empty */
	uint64_t cycle;
	struct cp_index own_rooms; /* by name (claims.h) */
	struct cp_own_room *own_list;
	uint32_t lost_rooms; /* of these, the ones that are another node's */
	struct cp_used_tickets used_tickets;
	struct cp_cluster_counts counts;
};

/*
 * Reads certificate and key and begins, unless cluster.redis is empty. 0, or errno with the
 * operator's message in `err`. Redis need not be there.
 */
int cp_cluster_start(struct cp_cluster *c, char *err, size_t err_size);
/*
 * Ends the connection to Redis; the records expire. The loop must continue to run until it has
 * closed the handles. Does nothing if the cluster is not enabled.
 */
void cp_cluster_stop(struct cp_cluster *c);

/* CLOCK_MONOTONIC in milliseconds, which the directory's times are on. */
uint64_t cp_cluster_now_ms(void);

/* --- for the files of cluster/ -------------------------------------------------------------- */

/* Adds what every record begins with, and counts the record. */
void cp_cluster_begin_record(struct cp_cluster *c, cJSON *content);
/* Logs, at most once a second, and counts a record that is not believed. */
void cp_cluster_bad_record(struct cp_cluster *c, const char *name, const char *why);

#endif
