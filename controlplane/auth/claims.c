/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reads the claims of a token (RFC 7519, 4.1, and our own `room`, `publish`, `subscribe`, `close`).
 */
#include "controlplane/auth/internal.h"

#include <stdio.h>
#include <string.h>

enum { LEEWAY_S = 5 /* between the clocks of two machines that both keep time */ };

/* The end of the year 9999, in seconds since 1970: a later time is a mistake, like one in ms. */
static const double LATEST_S = 253402300799;

int cp_claim_find(const cJSON *claims, const char *name, const cJSON **out, struct cp_fault *fault)
{
	const cJSON *claim;

	*out = NULL;
	cJSON_ArrayForEach(claim, claims)
	{
		if (strcmp(claim->string, name) != 0)
			continue;
		if (*out)
			return cp_refuse(fault, CP_FORBIDDEN, "token: %s: is given twice", name);
		*out = claim;
	}
	return 0;
}

/*
 * Finds a time in seconds since 1970, possibly with a fraction (RFC 7519, 2, NumericDate). `*out`
 * is NULL when it is absent.
 */
static int find_time(const cJSON *claims, const char *name, const cJSON **out, struct cp_fault *fault)
{
	int error = cp_claim_find(claims, name, out, fault);

	if (error != 0)
		return error;
	if (*out && !cJSON_IsNumber(*out))
		return cp_refuse(fault, CP_FORBIDDEN, "token: %s: must be a number", name);
	/* Written so that NaN is refused, too. */
	if (*out && !((*out)->valuedouble >= 0 && (*out)->valuedouble <= LATEST_S))
		return cp_refuse(fault, CP_FORBIDDEN, "token: %s: must be in seconds since 1970, up to 9999",
			name);
	return 0;
}

static int check_times(const cJSON *claims, int64_t now_s, struct cp_grant *out, struct cp_fault *fault)
{
	const cJSON *exp, *nbf;
	int error = find_time(claims, "exp", &exp, fault);

	if (error == 0)
		error = find_time(claims, "nbf", &nbf, fault);
	if (error != 0)
		return error;
	if (!exp)
		return cp_refuse(fault, CP_FORBIDDEN, "token: exp: is missing");
	if ((double)(now_s - LEEWAY_S) >= exp->valuedouble)
		return cp_refuse(fault, CP_FORBIDDEN, "token: exp: it has expired");
	if (nbf && (double)(now_s + LEEWAY_S) < nbf->valuedouble)
		return cp_refuse(fault, CP_FORBIDDEN, "token: nbf: it is not valid yet");
	out->expires_s = (int64_t)exp->valuedouble + LEEWAY_S;
	out->expires_s += (double)(int64_t)exp->valuedouble < exp->valuedouble; /* rounds up */
	return 0;
}

/* RFC 7519, 4.1.1. */
static int check_issuer(const cJSON *claims, const char *wanted, struct cp_fault *fault)
{
	const cJSON *iss;
	int error = cp_claim_find(claims, "iss", &iss, fault);

	if (error != 0 || (!iss && wanted[0] == '\0'))
		return error;
	if (!iss)
		return cp_refuse(fault, CP_FORBIDDEN, "token: iss: is missing");
	if (!cJSON_IsString(iss))
		return cp_refuse(fault, CP_FORBIDDEN, "token: iss: must be text");
	if (wanted[0] != '\0' && strcmp(iss->valuestring, wanted) != 0)
		return cp_refuse(fault, CP_FORBIDDEN, "token: iss: it is from another issuer");
	return 0;
}

/*
 * A server that `aud` does not name must refuse the token (RFC 7519, 4.1.3), and so must a server
 * without a name. `aud` is one text or a list of texts.
 */
static int check_audience(const cJSON *claims, const char *name, struct cp_fault *fault)
{
	const cJSON *aud, *entry;
	bool named = false;
	int error = cp_claim_find(claims, "aud", &aud, fault);

	if (error != 0 || (!aud && name[0] == '\0'))
		return error;
	if (!aud)
		return cp_refuse(fault, CP_FORBIDDEN, "token: aud: is missing");
	for (entry = cJSON_IsArray(aud) ? aud->child : aud; entry;
		entry = entry != aud ? entry->next : NULL) {
		if (!cJSON_IsString(entry))
			return cp_refuse(fault, CP_FORBIDDEN, "token: aud: must be text or a list of texts");
		named = named || (name[0] != '\0' && strcmp(entry->valuestring, name) == 0);
	}
	return named ? 0 : cp_refuse(fault, CP_FORBIDDEN, "token: aud: it is for another service");
}

static int read_name(const cJSON *claims, const char *name, char out[CP_NAME_SIZE], struct cp_fault *fault)
{
	const cJSON *claim;
	int error = cp_claim_find(claims, name, &claim, fault);

	if (error != 0)
		return error;
	out[0] = '\0';
	if (!claim)
		return 0;
	if (!cJSON_IsString(claim))
		return cp_refuse(fault, CP_FORBIDDEN, "token: %s: must be text", name);
	if (!cp_name_valid(claim->valuestring))
		return cp_refuse(fault, CP_FORBIDDEN, "token: %s: " CP_NAME_RULE, name);
	snprintf(out, CP_NAME_SIZE, "%s", claim->valuestring);
	return 0;
}

static int read_bool(const cJSON *claims, const char *name, bool absent, bool *out, struct cp_fault *fault)
{
	const cJSON *claim;
	int error = cp_claim_find(claims, name, &claim, fault);

	if (error != 0)
		return error;
	if (claim && !cJSON_IsBool(claim))
		return cp_refuse(fault, CP_FORBIDDEN, "token: %s: must be true or false", name);
	*out = claim ? cJSON_IsTrue(claim) : absent;
	return 0;
}

static int read_claims(const struct sh_config *config, const cJSON *claims, int64_t now_s,
	struct cp_grant *out, struct cp_fault *fault)
{
	int error = check_times(claims, now_s, out, fault);

	if (error == 0)
		error = check_issuer(claims, config->auth.issuer, fault);
	if (error == 0)
		error = check_audience(claims, config->auth.audience, fault);
	if (error == 0)
		error = read_name(claims, "sub", out->user, fault);
	if (error == 0)
		error = read_name(claims, "room", out->room, fault);
	if (error == 0 && config->auth.require_room && out->room[0] == '\0')
		error = cp_refuse(fault, CP_FORBIDDEN, "token: room: is missing");
	if (error == 0)
		error = read_bool(claims, "publish", false, &out->publish, fault);
	if (error == 0)
		error = read_bool(claims, "subscribe", true, &out->subscribe, fault);
	if (error == 0)
		error = read_bool(claims, "close", out->publish, &out->close, fault);
	return error;
}

/* cJSON ends a string at a NUL, so that one user could pass for another. */
static bool holds_nul(const char *payload, size_t len)
{
	return memchr(payload, '\0', len) || memmem(payload, len, "\\u0000", 6);
}

cJSON *cp_claims_parse(const char *text, size_t len)
{
	const char *end = NULL;
	cJSON *json = cJSON_ParseWithLengthOpts(text, len, &end, false);

	if (json)
		while (end < text + len && strchr(" \t\r\n", *end))
			end++;
	if (cJSON_IsObject(json) && end == text + len && !holds_nul(text, len))
		return json;
	cJSON_Delete(json);
	return NULL;
}

int cp_claims_read(const struct sh_config *config, const char *payload, size_t len, int64_t now_s,
	struct cp_grant *out, struct cp_fault *fault)
{
	cJSON *claims = cp_claims_parse(payload, len);
	int error;

	if (!claims)
		return cp_refuse(fault, CP_FORBIDDEN, "token: its payload is no JSON object");
	error = read_claims(config, claims, now_s, out, fault);
	cJSON_Delete(claims);
	return error;
}
