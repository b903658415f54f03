/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_SEND_ANSWER_H
#define SPATE_DATAPLANE_SEND_ANSWER_H

/*
 * Answers are built in the mbuf of the packet that they answer, which costs no allocation. That is
 * possible only if the mbuf owns its buffer: some drivers attach a buffer of theirs to received
 * mbufs (RTE_MBUF_F_EXTERNAL: mlx5 with multi-packet receive queues, netvsc). Such a buffer may
 * have no headroom, and with fast free the driver would return the mbuf to its pool with the
 * foreign buffer attached.
 */

struct dp_worker;
struct rte_mbuf;

/*
 * Returns an mbuf with the data of the received packet `m`, for an answer: `m` itself, or a copy
 * from the worker's pool, and `m` is freed. Takes ownership of `m`. The private area (dp_meta) is
 * not copied. NULL: there was no room, and `m` was dropped.
 */
struct rte_mbuf *dp_answer_mbuf(struct dp_worker *w, struct rte_mbuf *m);

#endif
