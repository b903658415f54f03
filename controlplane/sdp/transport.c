/* SPDX-License-Identifier: Apache-2.0 */

/* Reads the attributes of ICE and DTLS, and hands them on in the form of signaling. */

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "controlplane/negotiation/json.h"
#include "controlplane/sdp/lines.h"
#include "controlplane/sdp/reader.h"

#define ICE_CHARACTERS CP_SDP_ALPHANUMERIC "+/"

/* RFC 8839, 5.4: 4 to 256 characters. */
int cp_sdp_read_ufrag(struct cp_sdp_reader *r, char *value)
{
	if (strlen(value) < 4 || !cp_sdp_has_only(value, 256, ICE_CHARACTERS))
		return cp_sdp_malformed(r, "a=ice-ufrag must have 4 to 256 letters, digits, + or /");
	r->transport->ufrag = value;
	return 0;
}

/* 22 to 256 characters. */
int cp_sdp_read_pwd(struct cp_sdp_reader *r, char *value)
{
	if (strlen(value) < 22 || !cp_sdp_has_only(value, 256, ICE_CHARACTERS))
		return cp_sdp_malformed(r, "a=ice-pwd must have 22 to 256 letters, digits, + or /");
	r->transport->pwd = value;
	return 0;
}

int cp_sdp_read_setup(struct cp_sdp_reader *r, char *value)
{
	static const char *const names[] = {
		[CP_SDP_ACTPASS] = "actpass", [CP_SDP_ACTIVE] = "active", [CP_SDP_PASSIVE] = "passive"};

	for (int i = CP_SDP_ACTPASS; i <= CP_SDP_PASSIVE; i++) {
		if (strcmp(value, names[i]) == 0) {
			r->transport->setup = (enum cp_sdp_setup)i;
			return 0;
		}
	}
	return cp_sdp_malformed(r, "a=setup must be actpass, active or passive");
}

/* Bytes of a hash that is accepted (RFC 8122, 5); 0: another one. */
static size_t hash_size(const char *algorithm)
{
	static const struct {
		const char *name;
		size_t size;
	} hashes[] = {{"sha-256", 32}, {"sha-384", 48}, {"sha-512", 64}};

	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		if (strcasecmp(hashes[i].name, algorithm) == 0)
			return hashes[i].size;
	}
	return 0;
}

/* True if `text` is `size` pairs of hexadecimal digits with colons between them. */
static bool is_fingerprint(const char *text, size_t size)
{
	if (strlen(text) != 3 * size - 1)
		return false;
	for (size_t i = 0; text[i]; i++) {
		if (i % 3 == 2 ? text[i] != ':' : !isxdigit((unsigned char)text[i]))
			return false;
	}
	return true;
}

int cp_sdp_read_fingerprint(struct cp_sdp_reader *r, char *value)
{
	struct cp_sdp_transport *t = r->transport;
	char *algorithm = cp_sdp_word(&value);
	char *hash = cp_sdp_word(&value);
	size_t size;

	if (!algorithm || !hash)
		return cp_sdp_malformed(r, "a=fingerprint must have a hash function and a value");
	size = hash_size(algorithm);
	if (size == 0) {
		t->weak = true;
		return 0;
	}
	if (!is_fingerprint(hash, size))
		return cp_sdp_malformed(r, "a=fingerprint: the value is none of %s", algorithm);
	if (t->fingerprint_count == CP_SDP_FINGERPRINTS_MAX)
		return cp_sdp_malformed(r, "there are more than %d fingerprints", CP_SDP_FINGERPRINTS_MAX);
	t->fingerprint[t->fingerprint_count++] =
		(struct cp_sdp_fingerprint){.algorithm = algorithm, .value = hash};
	return 0;
}

static bool add_fingerprint(cJSON *list, const struct cp_sdp_fingerprint *f)
{
	cJSON *o = cp_json_append(list);

	return o && cJSON_AddStringToObject(o, "algorithm", f->algorithm) &&
	       cJSON_AddStringToObject(o, "value", f->value);
}

cJSON *cp_sdp_dtls_parameters(const struct cp_sdp_offer *offer)
{
	static const char *const roles[] = {
		[CP_SDP_ACTPASS] = "auto", [CP_SDP_ACTIVE] = "client", [CP_SDP_PASSIVE] = "server"};
	const struct cp_sdp_transport *t = &offer->transport;
	cJSON *o = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(o, "fingerprints");
	bool ok = list && cJSON_AddStringToObject(o, "role", roles[t->setup]);

	for (uint32_t i = 0; ok && i < t->fingerprint_count; i++)
		ok = add_fingerprint(list, &t->fingerprint[i]);
	if (ok)
		return o;
	cJSON_Delete(o);
	return NULL;
}
