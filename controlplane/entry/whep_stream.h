/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ENTRY_WHEP_STREAM_H
#define SPATE_CONTROLPLANE_ENTRY_WHEP_STREAM_H

/* The extensions of a player's session: its event stream, and its choice of layers. */

#include "controlplane/entry/whip_publication.h"

/* A POST to one of the session's two extensions, CP_WHIP_EVENTS or CP_WHIP_LAYER. */
int cp_whep_post(struct cp_whip_request *r, struct cp_publication *p);
int cp_whep_stream_get(struct cp_whip_request *r);
int cp_whep_stream_delete(struct cp_whip_request *r);
/* Sends the events that are due, if somebody reads. */
void cp_whep_stream_run(struct cp_publication *p);
/* The session ends, or its stream alone; `told`: its reader is told to play again. */
void cp_whep_stream_end(struct cp_publication *p, bool told);
/* Tells up to `most` readers to play elsewhere, and marks them as moved. Returns how many. */
unsigned cp_whep_streams_move(struct cp_whip_site *site, unsigned most);
/* Sends what is due by time. Call about once a second. */
void cp_whep_streams_tick(struct cp_whip_site *site);
/* The request is freed: it may be the reader of a stream. */
void cp_whep_reader_gone(struct cp_whip_request *r);

#endif
