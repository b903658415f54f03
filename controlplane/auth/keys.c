/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reads all keys that tokens are checked with, and chooses among them by a token's `kid` (RFC 7515,
 * 4.1.4). With several keys an application can sign with a new one while older tokens stay good.
 */
#include "controlplane/auth/internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "controlplane/privileges/key_files.h"

static const char key_dir[] = "auth.key_dir";

/* --- the directory ------------------------------------------------------------------------ */

/* The `kid` of a file: its name without the ending. */
static void name_key(struct cp_auth_key *key, const char *file)
{
	const char *dot = strrchr(file, '.');

	snprintf(key->kid, sizeof(key->kid), "%.*s", dot ? (int)(dot - file) : (int)strlen(file), file);
}

bool cp_auth_keys_have(const struct cp_auth_keys *keys, const char *kid)
{
	for (unsigned i = 0; i < keys->count; i++)
		if (strcmp(keys->key[i].kid, kid) == 0)
			return true;
	return false;
}

/* Reads the key in the file `name`. */
static int add_file(struct cp_auth_keys *keys, const struct sh_config *config, const char *name, char *err,
	size_t err_size)
{
	char path[SH_PATH_MAX + CP_AUTH_KID_SIZE];
	struct cp_auth_key *key = &keys->key[keys->count];
	int error;

	snprintf(path, sizeof(path), "%s/%s", config->auth.key_dir, name);
	if (keys->count == CP_AUTH_KEYS_MAX - (config->auth.key_file[0] == '\0')) {
		snprintf(err, err_size, "%s: %s: holds more than %d keys", key_dir, config->auth.key_dir,
			CP_AUTH_KEYS_MAX - 1);
		return EINVAL;
	}
	error = cp_auth_key_read(key, config->auth.algorithm, key_dir, path, err, err_size);
	if (error != 0)
		return error;
	name_key(key, name);
	if (cp_auth_keys_have(keys, key->kid)) {
		snprintf(err, err_size, "%s: %s: another file has the same name without its ending", key_dir,
			path);
		cp_auth_key_free(key);
		return EINVAL;
	}
	keys->count++;
	return 0;
}

/* Files whose names begin with a dot are no keys: editors and Kubernetes keep theirs in such. */
static bool is_key(const struct dirent *entry)
{
	return entry->d_name[0] != '.' &&
	       (entry->d_type == DT_REG || entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN);
}

static int read_directory(struct cp_auth_keys *keys, const struct sh_config *config, char *err,
	size_t err_size)
{
	int fd = cp_key_file_open(config->auth.key_dir), error = fd >= 0 ? 0 : -fd;
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	unsigned before = keys->count;

	if (fd >= 0 && !dir) {
		error = errno;
		close(fd);
	}
	if (error != 0) {
		snprintf(err, err_size, "%s: %s: %s", key_dir, config->auth.key_dir, strerror(error));
		return error;
	}
	while (error == 0 && (entry = readdir(dir)))
		if (is_key(entry))
			error = add_file(keys, config, entry->d_name, err, err_size);
	closedir(dir);
	if (error == 0 && keys->count == before) {
		snprintf(err, err_size, "%s: %s: holds no key", key_dir, config->auth.key_dir);
		error = EINVAL;
	}
	return error;
}

/* --- public functions ---------------------------------------------------------------------- */

int cp_auth_keys_read(struct cp_auth_keys *keys, const struct sh_config *config, char *err, size_t err_size)
{
	int error = 0;

	keys->count = 0;
	if (config->auth.key_file[0] != '\0') {
		error = cp_auth_key_read(&keys->key[0], config->auth.algorithm, "auth.key_file",
			config->auth.key_file, err, err_size);
		keys->count = error == 0;
	}
	if (error == 0 && config->auth.key_dir[0] != '\0')
		error = read_directory(keys, config, err, err_size);
	if (error != 0)
		cp_auth_keys_free(keys);
	return error;
}

void cp_auth_keys_free(struct cp_auth_keys *keys)
{
	for (unsigned i = 0; i < keys->count; i++)
		cp_auth_key_free(&keys->key[i]);
	keys->count = 0;
}

bool cp_auth_key_is_candidate(const struct cp_auth_key *key, const struct cp_header *header, bool known)
{
	return !header->has_kid || strcmp(key->kid, known ? header->kid : "") == 0;
}
