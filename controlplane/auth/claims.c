/* SPDX-License-Identifier: Apache-2.0 */

/* Reads the claims of a token (RFC 7519, 4.1, and our own `room`, `publish`, `subscribe`). */
#include "controlplane/auth/internal.h"

#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

enum { LEEWAY_S = 5 /* between the clocks of two machines that both keep time */ };

/*
 * Finds a claim; `*out` is NULL when it is absent. A duplicate is refused (RFC 7519, 4), because
 * the issuer and we might read different ones.
 */
static int find(const cJSON *claims, const char *name, const cJSON **out, struct cp_fault *fault)
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
	int error = find(claims, name, out, fault);

	if (error != 0)
		return error;
	if (*out && !cJSON_IsNumber(*out))
		return cp_refuse(fault, CP_FORBIDDEN, "token: %s: must be a number", name);
	return 0;
}

static int check_times(const cJSON *claims, int64_t now_s, struct cp_fault *fault)
{
	const cJSON *exp, *nbf;
	int error = find_time(claims, "exp", &exp, fault);

	if (error == 0)
		error = find_time(claims, "nbf", &nbf, fault);
	if (error != 0)
		return error;
	if (!exp)
		return cp_refuse(fault, CP_FORBIDDEN, "token: exp: is missing");
	/* Written so that NaN is refused, too. */
	if (!((double)(now_s - LEEWAY_S) < exp->valuedouble))
		return cp_refuse(fault, CP_FORBIDDEN, "token: exp: it has expired");
	if (nbf && !((double)(now_s + LEEWAY_S) >= nbf->valuedouble))
		return cp_refuse(fault, CP_FORBIDDEN, "token: nbf: it is not valid yet");
	return 0;
}

static int read_name(const cJSON *claims, const char *name, char out[CP_NAME_SIZE], struct cp_fault *fault)
{
	const cJSON *claim;
	int error = find(claims, name, &claim, fault);

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
	int error = find(claims, name, &claim, fault);

	if (error != 0)
		return error;
	if (claim && !cJSON_IsBool(claim))
		return cp_refuse(fault, CP_FORBIDDEN, "token: %s: must be true or false", name);
	*out = claim ? cJSON_IsTrue(claim) : absent;
	return 0;
}

static int read_claims(const cJSON *claims, int64_t now_s, struct cp_grant *out, struct cp_fault *fault)
{
	int error = check_times(claims, now_s, fault);

	if (error == 0)
		error = read_name(claims, "sub", out->user, fault);
	if (error == 0)
		error = read_name(claims, "room", out->room, fault);
	if (error == 0)
		error = read_bool(claims, "publish", false, &out->publish, fault);
	if (error == 0)
		error = read_bool(claims, "subscribe", true, &out->subscribe, fault);
	return error;
}

/* cJSON ends a string at a NUL, so that one user could pass for another. */
static bool holds_nul(const char *payload, size_t len)
{
	return memchr(payload, '\0', len) || memmem(payload, len, "\\u0000", 6);
}

int cp_claims_read(const char *payload, size_t len, int64_t now_s, struct cp_grant *out,
	struct cp_fault *fault)
{
	const char *end = NULL;
	cJSON *claims = cJSON_ParseWithLengthOpts(payload, len, &end, false);
	int error;

	if (claims)
		while (end < payload + len && strchr(" \t\r\n", *end))
			end++;
	if (!cJSON_IsObject(claims) || end != payload + len || holds_nul(payload, len))
		error = cp_refuse(fault, CP_FORBIDDEN, "token: its payload is no JSON object");
	else
		error = read_claims(claims, now_s, out, fault);
	cJSON_Delete(claims);
	return error;
}
