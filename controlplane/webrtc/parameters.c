/* SPDX-License-Identifier: Apache-2.0 */

/* Writes and reads ICE and DTLS parameters in the form of signaling, which is mediasoup's. */

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "controlplane/webrtc/internal.h"

/*
 * Candidate priority (RFC 8445, 5.1.2.1) as mediasoup computes it: type preference 64,
 * local preference 10,000 for the first address and 100 less for each further one,
 * component 1. The first is 1076302079.
 */
static double priority(unsigned index)
{
	return (double)((64u << 24) + ((10000u - 100u * index) << 8) + 255u);
}

cJSON *cp_ice_parameters(const struct cp_ice *ice)
{
	cJSON *o = cJSON_CreateObject();

	if (cJSON_AddStringToObject(o, "usernameFragment", ice->current.ufrag) &&
		cJSON_AddStringToObject(o, "password", ice->current.pwd) &&
		cJSON_AddTrueToObject(o, "iceLite"))
		return o;
	cJSON_Delete(o);
	return NULL;
}

static cJSON *candidate(const struct sh_addr *a, uint16_t port, unsigned index)
{
	char ip[INET6_ADDRSTRLEN];
	cJSON *o = cJSON_CreateObject();

	if (inet_ntop(a->family == 6 ? AF_INET6 : AF_INET, a->ip, ip, sizeof(ip)) &&
		cJSON_AddStringToObject(o, "foundation", "udpcandidate") &&
		cJSON_AddNumberToObject(o, "priority", priority(index)) &&
		cJSON_AddStringToObject(o, "ip", ip) && cJSON_AddStringToObject(o, "address", ip) &&
		cJSON_AddStringToObject(o, "protocol", "udp") && cJSON_AddNumberToObject(o, "port", port) &&
		cJSON_AddStringToObject(o, "type", "host"))
		return o;
	cJSON_Delete(o);
	return NULL;
}

static bool add(cJSON *array, cJSON *item)
{
	if (item && cJSON_AddItemToArray(array, item))
		return true;
	cJSON_Delete(item);
	return false;
}

static cJSON *candidates(const struct cp_webrtc *t)
{
	const struct cp_webrtc_server *s = t->server;
	bool announced = s->config->network.announced_count > 0;
	const struct sh_addr *a = announced ? s->config->network.announced : s->info.addr;
	unsigned n = announced ? s->config->network.announced_count : s->info.addr_count;
	uint16_t port = (uint16_t)(s->info.udp_port_base + t->worker);
	cJSON *list = cJSON_CreateArray();

	for (unsigned i = 0; list && i < n; i++) {
		if (!add(list, candidate(&a[i], port, i))) {
			cJSON_Delete(list);
			return NULL;
		}
	}
	return list;
}

/* Gives exactly one fingerprint, because mediasoup-client uses the last one. */
static cJSON *dtls_parameters(const struct cp_webrtc *t)
{
	cJSON *o = cJSON_CreateObject();
	cJSON *list, *f = cJSON_CreateObject();

	if (cJSON_AddStringToObject(f, "algorithm", "sha-256") &&
		cJSON_AddStringToObject(f, "value", t->server->cert.fingerprint) &&
		cJSON_AddStringToObject(o, "role", "auto") &&
		(list = cJSON_AddArrayToObject(o, "fingerprints")) && cJSON_AddItemToArray(list, f))
		return o;
	cJSON_Delete(f);
	cJSON_Delete(o);
	return NULL;
}

static bool put(cJSON *o, const char *name, cJSON *item)
{
	if (item && cJSON_AddItemToObject(o, name, item))
		return true;
	cJSON_Delete(item);
	return false;
}

cJSON *cp_webrtc_parameters(const struct cp_webrtc *t)
{
	cJSON *o = cJSON_CreateObject();

	if (cJSON_AddStringToObject(o, "id", t->id) && put(o, "iceParameters", cp_ice_parameters(&t->ice)) &&
		put(o, "iceCandidates", candidates(t)) && put(o, "dtlsParameters", dtls_parameters(t)))
		return o;
	cJSON_Delete(o);
	return NULL;
}

/* --- reading dtlsParameters ------------------------------------------------------------------- */

static int invalid(char *err, size_t err_size, const char *text)
{
	snprintf(err, err_size, "%s", text);
	return EINVAL;
}

/* Our role, from the client's: we are the client only if it insists on being the server. */
static int read_role(enum cp_dtls_role *role, const cJSON *in, char *err, size_t err_size)
{
	const cJSON *r = cJSON_GetObjectItemCaseSensitive(in, "role");

	*role = CP_DTLS_SERVER;
	if (!r)
		return 0;
	if (!cJSON_IsString(r))
		return invalid(err, err_size, "dtlsParameters.role: not a string");
	if (strcmp(r->valuestring, "server") == 0)
		*role = CP_DTLS_CLIENT;
	else if (strcmp(r->valuestring, "client") != 0 && strcmp(r->valuestring, "auto") != 0)
		return invalid(err, err_size, "dtlsParameters.role: none of auto, client, server");
	return 0;
}

/* Reads one entry. An unsupported hash is ignored, because there may be another fingerprint. */
static int read_fingerprint(struct cp_fingerprint *out, unsigned *count, const cJSON *in, int index,
	char *err, size_t err_size)
{
	const cJSON *algorithm = cJSON_GetObjectItemCaseSensitive(in, "algorithm");
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(in, "value");
	const char *member = NULL;

	if (!cJSON_IsObject(in))
		member = ": not an object";
	else if (!cJSON_IsString(algorithm))
		member = ".algorithm: not a string";
	else if (!cJSON_IsString(value))
		member = ".value: not a string";
	if (!member) {
		switch (cp_fingerprint_parse(&out[*count], algorithm->valuestring, value->valuestring)) {
		case 0:
			(*count)++;
			return 0;
		case ENOTSUP:
			return 0;
		}
		member = ".value: not a fingerprint of that algorithm";
	}
	snprintf(err, err_size, "dtlsParameters.fingerprints[%d]%s", index, member);
	return EINVAL;
}

int cp_dtls_parameters_read(struct cp_webrtc *t, const cJSON *in, char *err, size_t err_size)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(in, "fingerprints");
	struct cp_fingerprint f[CP_FINGERPRINTS_MAX];
	enum cp_dtls_role role;
	unsigned count = 0;
	int index = 0;
	const cJSON *item;

	if (!cJSON_IsObject(in))
		return invalid(err, err_size, "dtlsParameters: not an object");
	if (read_role(&role, in, err, err_size))
		return EINVAL;
	if (!cJSON_IsArray(list))
		return invalid(err, err_size, "dtlsParameters.fingerprints: not an array");
	if (cJSON_GetArraySize(list) > CP_FINGERPRINTS_MAX)
		return invalid(err, err_size, "dtlsParameters.fingerprints: more than 8");
	cJSON_ArrayForEach(item, list)
	{
		if (read_fingerprint(f, &count, item, index++, err, err_size))
			return EINVAL;
	}
	if (!count)
		return invalid(err, err_size,
			"dtlsParameters.fingerprints: none with sha-256, sha-384 or sha-512");
	t->role = role;
	t->fingerprint_count = count;
	memcpy(t->fingerprint, f, count * sizeof(f[0]));
	return 0;
}
