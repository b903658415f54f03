/* SPDX-License-Identifier: Apache-2.0 */

/* Checks the query of Engine.IO requests, for long-polling and for WebSockets. */

#include "controlplane/entry/engineio_polling.h"

#include <string.h>

#include "controlplane/entry/socketio.h"
#include "controlplane/http/client.h"

enum { VALUE_SIZE = 32 /* longer than any valid value, so that a truncated one is not valid */ };

const char *cp_eio_error_text(enum cp_eio_error error)
{
	static const char *const texts[] = {"Transport unknown", "Session ID unknown", "Bad handshake method",
		"Bad request", "Forbidden", "Unsupported protocol version"};

	return texts[error];
}

enum cp_eio_error cp_eio_verify(struct cp_socketio *s, struct lws *wsi, bool websocket, bool get,
	struct cp_eio **out)
{
	char transport[VALUE_SIZE], sid[VALUE_SIZE], version[VALUE_SIZE];
	bool over_websocket;

	*out = NULL;
	cp_client_query(wsi, "transport=", "", transport, sizeof(transport));
	over_websocket = strcmp(transport, "websocket") == 0;
	if (!over_websocket && strcmp(transport, "polling") != 0)
		return CP_EIO_UNKNOWN_TRANSPORT;
	cp_client_query(wsi, "sid=", "", sid, sizeof(sid));
	if (sid[0] != '\0') {
		*out = cp_eio_find(&s->engine, sid, strlen(sid));
		if (!*out)
			return CP_EIO_UNKNOWN_SID;
		/*
		 * A poll needs a session whose Engine.IO transport is long-polling; an upgrade
		 * needs a session that can upgrade.
		 */
		if (websocket != over_websocket || (websocket ? !cp_eio_can_upgrade(*out) : !!(*out)->socket))
			return CP_EIO_BAD_REQUEST;
		return CP_EIO_OK;
	}
	if (!get)
		return CP_EIO_BAD_HANDSHAKE_METHOD;
	if (websocket != over_websocket)
		return CP_EIO_BAD_REQUEST;
	cp_client_query(wsi, "EIO=", "", version, sizeof(version));
	return strcmp(version, "4") == 0 ? CP_EIO_OK : CP_EIO_UNSUPPORTED_VERSION;
}
