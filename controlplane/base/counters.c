/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/base/counters.h"

const char *cp_refusal_name(enum cp_refusal refusal)
{
	static const char *const names[CP_REFUSALS] = {
		[CP_REFUSED_CONNECTS] = "connects",
		[CP_REFUSED_SOCKETS] = "sockets",
		[CP_REFUSED_UNFINISHED] = "unfinished",
		[CP_REFUSED_LATE] = "late",
		[CP_REFUSED_BAD_TOKENS] = "bad_tokens",
		[CP_REFUSED_RESUMES] = "resumes",
		[CP_REFUSED_HANDSHAKES] = "handshakes",
		[CP_REFUSED_MESSAGES] = "messages",
		[CP_REFUSED_ADDRESS_MESSAGES] = "address_messages",
		[CP_REFUSED_PAGES] = "pages",
		[CP_REFUSED_QUEUE] = "queue",
		[CP_REFUSED_QUEUE_TOTAL] = "queue_total",
		[CP_REFUSED_QUEUE_AGE] = "queue_age",
	};

	return names[refusal];
}

const char *cp_resume_refusal_name(enum cp_resume_refusal refusal)
{
	static const char *const names[CP_RESUME_REFUSALS] = {
		[CP_RESUME_UNKNOWN] = "unknown",
		[CP_RESUME_USED] = "used",
		[CP_RESUME_NODE] = "node",
		[CP_RESUME_USER] = "user",
		[CP_RESUME_ROOM] = "room",
		[CP_RESUME_ENDED] = "ended",
	};

	return names[refusal];
}

const char *cp_join_phase_name(enum cp_join_phase phase)
{
	static const char *const names[CP_JOIN_PHASES] = {
		[CP_JOIN_HTTP] = "http",
		[CP_JOIN_ICE] = "ice",
		[CP_JOIN_DTLS] = "dtls",
		[CP_JOIN_FIRST_PACKET] = "first_packet",
		[CP_JOIN_FIRST_REPORT] = "first_report",
	};

	return names[phase];
}

const uint16_t cp_whip_statuses[CP_WHIP_STATUSES] = {
	400, 401, 403, 404, 405, 406, 409, 411, 412, 413, 415, 422, 428, 429, 503, 500};

void cp_whip_count_refusal(struct cp_whip_counts *c, unsigned status)
{
	unsigned i = 0;

	while (i < CP_WHIP_STATUSES - 1 && cp_whip_statuses[i] != status)
		i++;
	c->refused[i]++;
}
