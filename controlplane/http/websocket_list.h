/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_WEBSOCKET_LIST_H
#define SPATE_CONTROLPLANE_HTTP_WEBSOCKET_LIST_H

/*
 * Keeps all WebSockets of the server in lists: pings and closes silent ones, and sends their queues
 * once per iteration of the event loop.
 */

struct cp_server;
struct cp_websocket;

void cp_websockets_start(struct cp_server *s);
void cp_websockets_stop(struct cp_server *s);
void cp_websockets_add(struct cp_websocket *w);
void cp_websockets_remove(struct cp_websocket *w);
/* Something was received from `w`: its time of silence begins again. */
void cp_websockets_touch(struct cp_websocket *w);
/* The queue of `w` is sent before the event loop blocks. */
void cp_websockets_schedule(struct cp_websocket *w);

#endif
