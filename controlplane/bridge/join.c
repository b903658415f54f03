/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/bridge/join.h"

void cp_join_begin(struct cp_join_times *j, uint64_t now_ns)
{
	*j = (struct cp_join_times){.phase = CP_JOIN_ICE, .begun_ns = now_ns};
}

void cp_join_asked(struct cp_join_times *j, uint64_t now_ns)
{
	if (j->phase == CP_JOIN_ICE || j->phase == CP_JOIN_DTLS)
		j->begun_ns = now_ns;
}

void cp_join_pass(struct cp_join_times *j, enum cp_join_phase phase, uint64_t now_ns,
	struct cp_histogram times[CP_JOIN_PHASES])
{
	if (phase == CP_JOIN_HTTP || j->phase != phase)
		return;
	cp_histogram_add(&times[phase], now_ns - j->begun_ns);
	j->phase++;
	j->begun_ns = now_ns;
}
