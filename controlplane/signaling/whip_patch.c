/* SPDX-License-Identifier: Apache-2.0 */

/* PATCH of a WHIP or WHEP session: candidates, and the restart of ICE. */

#include <stdlib.h>
#include <string.h>

#include "controlplane/base/id.h"
#include "controlplane/rooms/saved.h"
#include "controlplane/rooms/transport.h"
#include "controlplane/signaling/whip.h"

bool cp_whip_restarts(const struct cp_whip *w, const struct cp_sdp_fragment *f)
{
	return f->ufrag && strcmp(f->ufrag, w->ufrag) != 0;
}

bool cp_whip_is_saved(const struct cp_whip *w)
{
	return !w->session->peer || cp_peer_is_saved(w->session->peer);
}

static int restart(struct cp_whip *w, const struct cp_sdp_fragment *f, char **out, struct cp_fault *fault)
{
	struct cp_transport *t = cp_peer_transport(w->session->peer, w->transport, fault);
	char *ufrag = strdup(f->ufrag);
	cJSON *parameters = t && ufrag ? cp_transport_restart(t, fault) : NULL;
	struct cp_sdp_bundle bundle;

	if (t && !ufrag)
		cp_refuse(fault, CP_INTERNAL, "out of memory");
	if (!parameters) {
		free(ufrag);
		return cp_fault_errno(fault);
	}
	cJSON_Delete(parameters);
	free(w->ufrag);
	w->ufrag = ufrag;
	cp_token_make(w->etag, sizeof(w->etag));
	cp_sdp_bundle_get(&bundle, w->offer);
	parameters = cp_transport_parameters(t);
	*out = cp_sdp_fragment_write(&bundle, parameters);
	cJSON_Delete(parameters);
	return *out ? 0 : cp_refuse(fault, CP_INTERNAL, "out of memory");
}

int cp_whip_patch(struct cp_whip *w, const struct cp_sdp_fragment *f, enum cp_whip_patch *what, char **out,
	struct cp_fault *fault)
{
	*out = NULL;
	*what = cp_whip_restarts(w, f) ? CP_WHIP_RESTARTED : CP_WHIP_TRICKLED;
	if (w->over || !w->session->peer)
		return cp_refuse(fault, CP_NOT_FOUND, "this session has ended");
	return *what == CP_WHIP_RESTARTED ? restart(w, f, out, fault) : 0;
}
