/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/signaling/ice_servers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/stun.h"

/* Base64 (RFC 4648, 4) of the 20 bytes of an HMAC-SHA1. */
static void write_base64(char out[29], const uint8_t mac[20])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t padded[21] = {0};

	memcpy(padded, mac, 20);
	for (unsigned i = 0; i < 7; i++) {
		uint32_t three =
			(uint32_t)padded[3 * i] << 16 | (uint32_t)padded[3 * i + 1] << 8 | padded[3 * i + 2];

		for (unsigned d = 0; d < 4; d++)
			out[4 * i + d] = digits[three >> (18 - 6 * d) & 63];
	}
	out[27] = '=';
	out[28] = '\0';
}

void cp_ice_credentials(const struct sh_config_ice *s, const char *client, int64_t now_s,
	struct cp_ice_credentials *out)
{
	struct sh_hmac_sha1 key;
	uint8_t mac[20];

	if (!s->secret[0]) {
		snprintf(out->username, sizeof(out->username), "%s", s->username);
		snprintf(out->password, sizeof(out->password), "%s", s->credential);
		return;
	}
	snprintf(out->username, sizeof(out->username), "%" PRId64 ":%s", now_s + s->ttl_s, client);
	sh_hmac_sha1_key(&key, s->secret, strlen(s->secret));
	sh_hmac_sha1(&key, out->username, strlen(out->username), mac);
	write_base64(out->password, mac);
}

static cJSON *server_json(const struct sh_config_ice *s, const char *client, int64_t now_s)
{
	struct cp_ice_credentials credentials;
	cJSON *o = cJSON_CreateObject(), *urls = cJSON_AddArrayToObject(o, "urls");

	cp_ice_credentials(s, client, now_s, &credentials);
	for (uint32_t i = 0; i < s->url_count; i++)
		cJSON_AddItemToArray(urls, cJSON_CreateString(s->url[i]));
	if (credentials.username[0]) {
		cJSON_AddStringToObject(o, "username", credentials.username);
		cJSON_AddStringToObject(o, "credential", credentials.password);
	}
	return o;
}

cJSON *cp_ice_servers_json(const struct sh_config *c, const char *client, int64_t now_s)
{
	cJSON *list = c->ice_count > 0 ? cJSON_CreateArray() : NULL;

	for (uint32_t i = 0; list && i < c->ice_count; i++)
		cJSON_AddItemToArray(list, server_json(&c->ice[i], client, now_s));
	return list;
}

void cp_ice_servers_links(struct cp_writer *w, const struct sh_config *c, const char *client, int64_t now_s)
{
	for (uint32_t i = 0; i < c->ice_count; i++) {
		const struct sh_config_ice *s = &c->ice[i];
		struct cp_ice_credentials credentials;

		cp_ice_credentials(s, client, now_s, &credentials);
		for (uint32_t u = 0; u < s->url_count; u++) {
			cp_write(w, "link: <%s>; rel=\"ice-server\"", s->url[u]);
			if (credentials.username[0])
				cp_write(w,
					"; username=\"%s\"; credential=\"%s\"; credential-type=\"password\"",
					credentials.username, credentials.password);
			cp_write(w, "\r\n");
		}
	}
}
