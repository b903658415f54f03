/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/sdp/ice_lines.h"

static const char *string(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static double number(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static bool is_candidate(const cJSON *c)
{
	return string(c, "foundation") && string(c, "ip") && string(c, "protocol") && string(c, "type");
}

bool cp_sdp_ice_read(struct cp_sdp_ice *out, const cJSON *transport)
{
	const cJSON *parameters = cJSON_GetObjectItemCaseSensitive(transport, "iceParameters"), *c;

	*out = (struct cp_sdp_ice){.ufrag = string(parameters, "usernameFragment"),
		.pwd = string(parameters, "password"),
		.candidates = cJSON_GetObjectItemCaseSensitive(transport, "iceCandidates")};
	if (!out->ufrag || !out->pwd || cJSON_GetArraySize(out->candidates) == 0)
		return false;
	cJSON_ArrayForEach(c, out->candidates)
	{
		if (!is_candidate(c))
			return false;
	}
	c = cJSON_GetArrayItem(out->candidates, 0);
	out->address = string(c, "ip");
	out->port = (uint16_t)number(c, "port");
	return true;
}

void cp_sdp_write_credentials(struct cp_writer *w, const struct cp_sdp_ice *ice)
{
	cp_write(w, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", ice->ufrag, ice->pwd);
}

/* RFC 8839, 5.1. Component 1 is RTP, with RTCP on the same port. */
void cp_sdp_write_candidates(struct cp_writer *w, const struct cp_sdp_ice *ice)
{
	const cJSON *c;

	cJSON_ArrayForEach(c, ice->candidates)
	{
		cp_write(w, "a=candidate:%s 1 %s %.0f %s %.0f typ %s\r\n", string(c, "foundation"),
			string(c, "protocol"), number(c, "priority"), string(c, "ip"), number(c, "port"),
			string(c, "type"));
	}
	cp_write(w, "a=end-of-candidates\r\n");
}
