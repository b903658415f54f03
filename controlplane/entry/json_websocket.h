/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ENTRY_JSON_WEBSOCKET_H
#define SPATE_CONTROLPLANE_ENTRY_JSON_WEBSOCKET_H

/* The way in for clients of the JSON dialect: a WebSocket whose URL names room, user and token. */

struct cp_server;
struct cp_signaling;
struct cp_websocket;
struct lws;

/* Before the WebSocket is accepted. 0, or EACCES: it was refused because of its origin. */
int cp_json_websocket_filter(struct cp_server *server, struct lws *wsi);
/*
 * The WebSocket is open: its client joins the room at once; where it may not, it is told why
 * and the WebSocket closes. 0 or ENOMEM.
 */
int cp_json_websocket_open(struct cp_signaling *signaling, struct cp_websocket *w);

#endif
