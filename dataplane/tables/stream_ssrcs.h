/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_STREAM_SSRCS_H
#define SPATE_DATAPLANE_TABLES_STREAM_SSRCS_H

/*
 * Finds a transport's stream by the SSRC of its media or RTX. Each received packet looks for its
 * stream, and for the replay window of its SSRC, among the many that a transport may have. The
 * first stream of a transport remembers which ones were found lately; the list is walked only for
 * others. All functions run on the transport's worker.
 */

#include <stdint.h>

struct dp_stream;
struct dp_transport;

/* NULL: the transport has no such stream. */
struct dp_stream *dp_stream_of_ssrc(const struct dp_transport *t, uint32_t ssrc);

/* Puts a stream at the begin of the transport's list; takes it from the list. */
void dp_stream_list(struct dp_transport *t, struct dp_stream *s);
void dp_stream_unlist(struct dp_transport *t, struct dp_stream *s);

#endif
