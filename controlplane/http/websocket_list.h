/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_WEBSOCKET_LIST_H
#define SPATE_CONTROLPLANE_HTTP_WEBSOCKET_LIST_H

/* All WebSockets of the server: pings those that are silent, and sends once a turn of the loop. */

struct cp_server;
struct cp_websocket;

void cp_websockets_start(struct cp_server *s);
void cp_websockets_stop(struct cp_server *s);
void cp_websockets_add(struct cp_websocket *w);
void cp_websockets_remove(struct cp_websocket *w);
/* Something came from it: its silence starts again. */
void cp_websockets_touch(struct cp_websocket *w);
/* Has its queue sent before the loop sleeps. */
void cp_websockets_schedule(struct cp_websocket *w);

#endif
