/* SPDX-License-Identifier: Apache-2.0 */

/* Sends the probes that prove a peer's new address (ice.h). One timer serves all transports. */

#include "controlplane/webrtc/internal.h"

enum { STEP_MS = 50 };

static void send_probe(struct cp_webrtc *t)
{
	uint8_t probe[SH_STUN_MAX];
	size_t len = cp_ice_probe(&t->ice, uv_now(t->server->loop), probe);

	/* Once media may be sent, probes are few. If it cannot be injected, it is lost, as on the network. */
	if (len && (t->ice.established || cp_ice_may_send(&t->ice, t->ice.candidate, len, 0)))
		cp_dp_inject(t->server->dp, &t->ice.tuple[t->ice.candidate].path, probe, len);
}

void cp_webrtc_prove(struct cp_webrtc *t)
{
	struct cp_webrtc_server *s = t->server;

	if (!t->alive || !cp_ice_proving(&t->ice))
		return;
	send_probe(t);
	if (t->is_proving)
		return;
	t->is_proving = true;
	t->next_proving = s->proving;
	s->proving = t;
	if (!uv_is_active((uv_handle_t *)s->probe))
		uv_timer_start(s->probe, cp_webrtc_on_probe, STEP_MS, STEP_MS);
}

void cp_webrtc_stop_proving(struct cp_webrtc *t)
{
	struct cp_webrtc **at = &t->server->proving;

	if (!t->is_proving)
		return;
	while (*at != t)
		at = &(*at)->next_proving;
	*at = t->next_proving;
	t->is_proving = false;
}

void cp_webrtc_on_probe(uv_timer_t *timer)
{
	struct cp_webrtc_server *s = timer->data;
	struct cp_webrtc **at = &s->proving;

	while (*at) {
		struct cp_webrtc *t = *at;

		send_probe(t);
		if (cp_ice_proving(&t->ice)) {
			at = &t->next_proving;
			continue;
		}
		*at = t->next_proving;
		t->is_proving = false;
	}
	if (!s->proving)
		uv_timer_stop(timer);
}
