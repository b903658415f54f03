/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ENTRY_JSON_WEBSOCKET_H
#define SPATE_CONTROLPLANE_ENTRY_JSON_WEBSOCKET_H

/*
 * Accepts clients of the JSON dialect: WebSockets whose URL can name a room, a user and a token.
 */

struct cp_server;
struct cp_signaling;
struct cp_websocket;
struct lws;

/*
 * Checks the origin before the WebSocket is accepted. 0, or EACCES: it is not allowed, and the
 * client was answered 403.
 */
int cp_json_websocket_filter(struct cp_server *server, struct lws *wsi);
/*
 * Attaches a client to the open WebSocket. The client joins its room at once; if it must not, it is
 * sent the error and the WebSocket closes. 0 or ENOMEM.
 */
int cp_json_websocket_open(struct cp_signaling *signaling, struct cp_websocket *w);

#endif
