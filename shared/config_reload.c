/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/config_reload.h"

#include <stdio.h>
#include <string.h>

#include "shared/config_table.h"
#include "shared/log.h"

/*
 * What the control plane reads each time that it needs it, or reads again on SIGHUP. A name that
 * ends with a full stop is a group of which every member reloads.
 */
static const char *const reloads[] = {"log.", "http.origins", "http.frame_ancestors", "http.hosts",
	"http.hsts_s", "http.room_list", "http.trusted_proxies", "admin.hosts", "admin.token_file", "drain.",
	"tls.", "auth.key_file", "auth.key_dir", "auth.jwks_url", "auth.jwks_refresh_s", "auth.audience",
	"auth.issuer", "auth.type", "auth.require_room", "auth.end_with_token", "hooks.", "outgoing.",
	"rooms.", "codecs", "resume.grace_s", "ice_servers", "limits.message_bytes",
	"limits.messages_per_second", "limits.messages_per_address", "limits.transports_per_peer",
	"limits.producers_per_peer", "limits.consumers_per_peer", "limits.peers_per_room", "limits.rooms",
	"limits.share_percent", "limits.reserve_percent", "limits.connect_s", "limits.notices_per_second",
	"limits.produces_per_minute", "limits.connections_per_address", "limits.connects_per_second",
	"limits.unfinished_connections", "limits.unfinished_per_address", "limits.bad_tokens_per_second",
	"limits.pages_per_second", "limits.page_builds_per_second", "limits.handshakes_per_second",
	"limits.resumes_per_second", "limits.request_queue_bytes", "limits.send_queue_bytes",
	"limits.send_queue_total_bytes", "limits.send_queue_s"};

/* Their values can hold secrets. */
static const char *const secrets[] = {"hooks.url", "hooks.admission_url", "auth.jwks_url", "ice_servers"};

static bool lists(const char *const *names, size_t count, const char *path)
{
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(names[i]);
		bool group = names[i][len - 1] == '.';

		if (group ? strncmp(path, names[i], len) == 0 : strcmp(path, names[i]) == 0)
			return true;
	}
	return false;
}

bool sh_config_reloads(const char *path)
{
	return lists(reloads, sizeof(reloads) / sizeof(reloads[0]), path);
}

/* --- values -------------------------------------------------------------------------------- */

static const char *at(const struct sh_config *c, const struct sh_config_member *m, uint32_t index)
{
	return (const char *)c + m->offset + (size_t)index * m->size;
}

static uint32_t count_of(const struct sh_config *c, const struct sh_config_member *m)
{
	uint32_t count = 1;

	if (m->list_max > 0)
		memcpy(&count, (const char *)c + m->count, sizeof(count));
	return count;
}

static bool differs(const struct sh_config_member *m, const struct sh_config *a, const struct sh_config *b)
{
	uint32_t n = count_of(a, m);

	if (n != count_of(b, m))
		return true;
	for (uint32_t i = 0; i < n; i++)
		if (memcmp(at(a, m, i), at(b, m, i), m->size) != 0)
			return true;
	return false;
}

static void print_prefix(char *out, size_t size, const struct sh_prefix *p)
{
	char address[64];

	sh_addr_format(&p->addr, address, sizeof(address));
	snprintf(out, size, "%s/%u", address, p->bits);
}

static void print_one(char *out, size_t size, const struct sh_config_member *m, const char *value)
{
	uint16_t u16;
	uint32_t u32;

	switch (m->kind) {
	case SH_CFG_U16:
		memcpy(&u16, value, sizeof(u16));
		snprintf(out, size, "%u", u16);
		break;
	case SH_CFG_U32:
		memcpy(&u32, value, sizeof(u32));
		snprintf(out, size, "%u", u32);
		break;
	case SH_CFG_NAME:
		memcpy(&u32, value, sizeof(u32));
		snprintf(out, size, "%s", m->names[u32]);
		break;
	case SH_CFG_BOOL:
		snprintf(out, size, "%s", *value ? "true" : "false");
		break;
	case SH_CFG_STRING:
		snprintf(out, size, "%s", value);
		break;
	case SH_CFG_PREFIX:
	case SH_CFG_NETWORK:
		print_prefix(out, size, (const void *)value);
		break;
	case SH_CFG_ADDR:
		sh_addr_format((const void *)value, out, size);
		break;
	case SH_CFG_PORT:
	case SH_CFG_ICE:
		snprintf(out, size, "{...}");
		break;
	}
}

/* Writes the value as one value of a log line. */
static void print(char out[SH_CONFIG_VALUE_MAX], const struct sh_config_member *m, const struct sh_config *c)
{
	char all[SH_CONFIG_VALUE_MAX / 2] = "", one[SH_PATH_MAX + 8];
	uint32_t n = count_of(c, m);

	for (uint32_t i = 0; i < n; i++) {
		size_t len = strlen(all);

		print_one(one, sizeof(one), m, at(c, m, i));
		snprintf(all + len, sizeof(all) - len, "%s%s", i > 0 ? "," : "", one);
	}
	if (lists(secrets, sizeof(secrets) / sizeof(secrets[0]), m->path) && all[0] != '\0')
		snprintf(all, sizeof(all), "(not shown)");
	sh_log_text(out, SH_CONFIG_VALUE_MAX, all, strlen(all));
}

/* --- public functions ------------------------------------------------------------------------ */

void sh_config_compare(const struct sh_config *before, const struct sh_config *after,
	void (*each)(void *arg, const struct sh_config_change *change), void *arg)
{
	for (uint32_t i = 0; i < sh_config_table.count; i++) {
		const struct sh_config_member *m = &sh_config_table.row[i];
		struct sh_config_change change = {.path = m->path, .reloads = sh_config_reloads(m->path)};

		if (!differs(m, before, after))
			continue;
		print(change.before, m, before);
		print(change.after, m, after);
		each(arg, &change);
	}
}

void sh_config_take(struct sh_config *to, const struct sh_config *from, const char *group)
{
	for (uint32_t i = 0; i < sh_config_table.count; i++) {
		const struct sh_config_member *m = &sh_config_table.row[i];
		uint32_t n = m->list_max > 0 ? m->list_max : 1;

		if (!sh_config_reloads(m->path) || strncmp(m->path, group, strlen(group)) != 0)
			continue;
		memcpy((char *)to + m->offset, (const char *)from + m->offset, (size_t)n * m->size);
		if (m->list_max > 0)
			memcpy((char *)to + m->count, (const char *)from + m->count, sizeof(uint32_t));
	}
}
