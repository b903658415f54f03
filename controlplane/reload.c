/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/reload.h"

#include <stdio.h>
#include <string.h>

#include "controlplane/auth/auth.h"
#include "controlplane/http/tls.h"
#include "controlplane/privileges/key_files.h"
#include "controlplane/rooms/model.h"
#include "shared/config_reload.h"
#include "shared/log_level.h"

/* A reload that is running. Both configurations are too large for the stack. */
struct run {
	struct cp_reload *r;
	cJSON *changed, *restart, *failed; /* lists of names */
};

static struct sh_config before, fresh;

/* --- the file --------------------------------------------------------------------------------- */

/* Reads the file and the command line into `fresh`. 0, or errno with the operator's message in `err`. */
static int read_file(const struct cp_reload *r, char *err, size_t err_size)
{
	const char *path = r->options->config;
	int fd = cp_key_file_open(path);

	sh_config_defaults(&fresh);
	if (fd < 0) {
		snprintf(err, err_size, "%s: %s", path, strerror(-fd));
		return -fd;
	}
	if (sh_config_load_open(&fresh, fd, path, err, err_size) != 0)
		return EINVAL;
	return cp_options_apply(r->options, &fresh, err, err_size);
}

/* Takes over all members that can be. Files of keys are those of the new configuration from now on. */
static int take_file(struct cp_reload *r, char *err, size_t err_size)
{
	int error = r->options->config ? read_file(r, err, err_size) : 0;

	if (error != 0 || !r->options->config)
		return error;
	if (cp_key_files_reread() != 0)
		sh_log(SH_LOG_WARN,
			"reload-failed what=paths reason=\"the process for key files keeps its own\"");
	sh_config_take(r->config, &fresh, "");
	cp_key_files_use(r->config);
	return 0;
}

/* --- the parts ------------------------------------------------------------------------------------ */

static int reload_tls(struct cp_reload *r, char *err, size_t err_size)
{
	if ((before.tls.certificate[0] != '\0') == (r->config->tls.certificate[0] != '\0'))
		return cp_tls_reload(r->config, err, err_size);
	snprintf(err, err_size, "tls.certificate: TLS begins and ends with a restart");
	return EINVAL;
}

static int reload_auth(struct cp_reload *r, char *err, size_t err_size)
{
	return cp_auth_reload(r->auth, err, err_size);
}

static int reload_admin(struct cp_reload *r, char *err, size_t err_size)
{
	return cp_admin_port_reload(r->admin_port, err, err_size);
}

static int reload_hooks(struct cp_reload *r, char *err, size_t err_size)
{
	return cp_hooks_reload(r->hooks, err, err_size);
}

static int reload_authorities(struct cp_reload *r, char *err, size_t err_size)
{
	return cp_fetcher_trust(r->fetcher, r->config->outgoing.ca_file, err, err_size);
}

/* True if there is something that the log should say was read again. */
static bool has_tls(const struct cp_reload *r)
{
	return r->config->tls.certificate[0] != '\0';
}

static bool has_auth(const struct cp_reload *r)
{
	return cp_auth_required(r->auth);
}

static bool has_admin(const struct cp_reload *r)
{
	return r->admin_port->token.required;
}

static bool has_hooks(const struct cp_reload *r)
{
	return r->config->hooks.secret_file[0] != '\0';
}

static bool has_authorities(const struct cp_reload *r)
{
	return r->config->outgoing.ca_file[0] != '\0';
}

/*
 * What reads files of its own. If one of them is wrong, the part keeps what it has, and the members
 * of its group their values.
 */
static const struct part {
	const char *name, *group;
	int (*reload)(struct cp_reload *r, char *err, size_t err_size);
	bool (*is_used)(const struct cp_reload *r);
} parts[] = {
	{"tls", "tls.", reload_tls, has_tls},
	{"auth", "auth.", reload_auth, has_auth},
	{"admin", "admin.token_file", reload_admin, has_admin},
	{"hooks", "hooks.", reload_hooks, has_hooks},
	{"authorities", "outgoing.", reload_authorities, has_authorities},
};

static void add(cJSON *list, const char *name)
{
	if (list)
		cJSON_AddItemToArray(list, cJSON_CreateString(name));
}

static void reload_part(struct run *run, const struct part *part)
{
	struct cp_reload *r = run->r;
	char err[400], line[440];

	if (part->reload(r, err, sizeof(err)) == 0) {
		if (part->is_used(r))
			sh_log(SH_LOG_INFO, "reloaded what=%s", part->name);
		return;
	}
	sh_config_take(r->config, &before, part->group);
	sh_log(SH_LOG_ERROR, "reload-failed what=%s reason=\"%s\"", part->name, err);
	snprintf(line, sizeof(line), "%s: %s", part->name, err);
	add(run->failed, line);
}

/* --- what is done and said ------------------------------------------------------------------- */

static void log_changed(void *arg, const struct sh_config_change *change)
{
	struct run *run = arg;

	sh_log(SH_LOG_INFO, "reload-changed member=%s old=%s new=%s", change->path, change->before,
		change->after);
	add(run->changed, change->path);
}

/* What differs from the file still. What failed has a line already. */
static void log_left(void *arg, const struct sh_config_change *change)
{
	struct run *run = arg;

	if (change->reloads)
		return;
	sh_log(SH_LOG_WARN, "reload-needs-restart member=%s now=%s file=%s", change->path, change->before,
		change->after);
	add(run->restart, change->path);
}

/* What was made of the configuration at the start is made again. */
static void apply(struct cp_reload *r)
{
	struct cp_server *servers[] = {&r->public->server, &r->admin_port->server};

	sh_log_set_level(r->config->log_level);
	for (unsigned i = 0; i < 2; i++)
		if (servers[i]->context)
			cp_addresses_limit(&servers[i]->addresses, r->config, servers[i]->counters);
	cp_auth_look(r->auth);
	cp_model_set_codecs(r->public->model);
}

void cp_reload_run(struct cp_reload *r, cJSON *reply)
{
	struct run run = {.r = r};
	char err[400];

	before = *r->config;
	if (take_file(r, err, sizeof(err)) != 0) {
		sh_log(SH_LOG_ERROR, "reload-failed what=configuration reason=\"%s\"", err);
		if (reply) {
			cJSON_ReplaceItemInObjectCaseSensitive(reply, "ok", cJSON_CreateBool(false));
			cJSON_AddStringToObject(reply, "error", err);
		}
		return;
	}
	run.changed = reply ? cJSON_AddArrayToObject(reply, "changed") : NULL;
	run.restart = reply ? cJSON_AddArrayToObject(reply, "needs_restart") : NULL;
	run.failed = reply ? cJSON_AddArrayToObject(reply, "failed") : NULL;
	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		reload_part(&run, &parts[i]);
	sh_config_compare(&before, r->config, log_changed, &run);
	if (r->options->config)
		sh_config_compare(r->config, &fresh, log_left, &run);
	apply(r);
	sh_log(SH_LOG_INFO, "reload-done");
}
