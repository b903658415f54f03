/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a successor of this process needs of a transport, and the transport made from it. Only ICE
 * is needed: the data plane has the SRTP keys, and the DTLS session has served its purpose. The
 * peer's close_notify is not understood any more; its consent ends the transport then.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/persist/persist.h"
#include "controlplane/webrtc/internal.h"

void cp_webrtc_changed(struct cp_webrtc *t)
{
	if (t->alive && t->state == CP_WEBRTC_CONNECTED)
		t->events->changed(t->arg, t);
}

bool cp_webrtc_save(const struct cp_webrtc *t, struct cp_saved_ice *out)
{
	const struct cp_ice *ice = &t->ice;

	if (!t->alive || t->state != CP_WEBRTC_CONNECTED)
		return false;
	memset(out, 0, sizeof(*out));
	memcpy(out->ufrag, ice->current.ufrag, CP_ICE_UFRAG_LEN);
	memcpy(out->pwd, ice->current.pwd, CP_ICE_PWD_LEN);
	if (ice->has_previous) {
		memcpy(out->previous_ufrag, ice->previous.ufrag, CP_ICE_UFRAG_LEN);
		memcpy(out->previous_pwd, ice->previous.pwd, CP_ICE_PWD_LEN);
	}
	out->nomination = ice->nomination;
	out->selected = ice->selected;
	out->tuple_count = ice->tuple_count;
	for (unsigned i = 0; i < ice->tuple_count; i++)
		out->tuple[i] = (struct cp_saved_tuple){.path = ice->tuple[i].path,
			.nomination = ice->tuple[i].nomination,
			.proven = ice->tuple[i].proven};
	return true;
}

static int restore_ice(struct cp_ice *ice, const struct cp_saved_ice *saved, uint16_t udp_port)
{
	int error = cp_ice_restore(ice, saved->ufrag, saved->pwd, saved->previous_ufrag, saved->previous_pwd);

	for (unsigned i = 0; error == 0 && i < saved->tuple_count; i++) {
		const struct cp_saved_tuple *t = &saved->tuple[i];

		error = t->path.local.port == udp_port
				? cp_ice_restore_tuple(ice, &t->path, t->nomination, t->proven)
				: EINVAL;
	}
	if (error != 0 || saved->selected >= ice->tuple_count)
		return EINVAL;
	ice->selected = saved->selected;
	ice->nomination = saved->nomination;
	return 0;
}

static int add_credentials(struct cp_webrtc *t)
{
	struct cp_table *table = &t->server->ufrags;

	if (cp_ice_table_add(table, &t->ice.current, t) != 0)
		return EEXIST;
	if (!t->ice.has_previous || cp_ice_table_add(table, &t->ice.previous, t) == 0)
		return 0;
	cp_ice_table_remove(table, &t->ice.current);
	return EEXIST;
}

int cp_webrtc_restore(struct cp_webrtc **out, struct cp_webrtc_server *s, const char *id, sh_id dp_id,
	uint32_t worker, const struct cp_saved_ice *saved, const struct cp_webrtc_events *events, void *arg)
{
	struct cp_webrtc *t;
	int error;

	if (!cp_dp_get_info(s->dp))
		return ENOTCONN;
	if (worker >= s->info.workers || cp_webrtc_find(s, dp_id))
		return worker >= s->info.workers ? EINVAL : EEXIST;
	t = cp_webrtc_allocate(s, worker, events, arg);
	if (!t)
		return ENOMEM;
	t->sh_id = dp_id;
	t->state = CP_WEBRTC_CONNECTED;
	t->connect_called = t->dtls_started = t->dtls_connected = t->dtls_over = true;
	t->connected_ms = t->media_ms = uv_now(s->loop);
	snprintf(t->id, sizeof(t->id), "%s", id);
	error = restore_ice(&t->ice, saved, (uint16_t)(s->info.udp_port_base + worker));
	if (error == 0)
		error = add_credentials(t);
	if (error != 0) {
		cp_webrtc_release(t);
		return error;
	}
	cp_webrtc_enlist(t);
	*out = t;
	return 0;
}
