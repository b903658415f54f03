/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_AUDIENCE_READER_H
#define SPATE_DATAPLANE_TABLES_AUDIENCE_READER_H

/* For audience.c and audience_expiry.c: a worker's audiences as readers of a stream's ring. */

struct dp_audience;
struct dp_stream;
struct dp_worker;

/* Publishes the lowest position that the worker's audiences of the stream may read. */
void dp_audience_publish_cursor(struct dp_worker *w, struct dp_stream *s);
/* Stops reading the stream unless the audience is still in use. */
void dp_audience_detach(struct dp_worker *w, struct dp_stream *s, struct dp_audience *a);

#endif
