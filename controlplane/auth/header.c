/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reads the members of a token's header (RFC 7515, 4.1) that cjose does not check: `crit`, `typ`
 * and `kid`. cjose 0.6.2 cannot tell a member that is a number from one that is absent.
 */
#include "controlplane/auth/internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Finds a member that must be text. `*out` is NULL when it is absent. */
static int find_text(const cJSON *header, const char *name, const char **out, struct cp_fault *fault)
{
	const cJSON *item;
	int error = cp_claim_find(header, name, &item, fault);

	*out = cJSON_GetStringValue(item);
	if (error == 0 && item && !*out)
		error = cp_refuse(fault, CP_FORBIDDEN, "token: %s: must be text", name);
	return error;
}

/* RFC 7515, 4.1.11: `crit` lists extensions that must be understood; we support none. */
static int check_critical(const cJSON *header, struct cp_fault *fault)
{
	const cJSON *crit;
	int error = cp_claim_find(header, "crit", &crit, fault);

	if (error == 0 && crit)
		error = cp_refuse(fault, CP_FORBIDDEN, "token: crit: is not supported");
	return error;
}

/*
 * RFC 8725, 3.11: a token of another type that the same key signed, like one that resets a
 * password, is none for us. RFC 7515, 4.1.9: case does not count, and application/ may be left out.
 * `wanted` is auth.type.
 */
static int check_type(const cJSON *header, const char *wanted, struct cp_fault *fault)
{
	static const char prefix[] = "application/";
	const char *given;
	int error = find_text(header, "typ", &given, fault);

	if (error != 0 || (!given && wanted[0] == '\0'))
		return error;
	if (given && strncasecmp(given, prefix, sizeof(prefix) - 1) == 0)
		given += sizeof(prefix) - 1;
	if (wanted[0] == '\0')
		wanted = "JWT";
	if (!given || strcasecmp(given, wanted) != 0)
		return cp_refuse(fault, CP_FORBIDDEN, "token: typ: must be %s", wanted);
	return 0;
}

static int read_kid(const cJSON *header, struct cp_header *out, struct cp_fault *fault)
{
	const char *kid;
	int error = find_text(header, "kid", &kid, fault);

	out->has_kid = kid != NULL;
	if (error == 0 && kid && (size_t)snprintf(out->kid, sizeof(out->kid), "%s", kid) >= sizeof(out->kid))
		error = cp_refuse(fault, CP_FORBIDDEN, "token: kid: is over %d bytes", CP_AUTH_KID_SIZE - 1);
	return error;
}

int cp_header_read(const struct sh_config *config, const char *token, struct cp_header *out,
	struct cp_fault *fault)
{
	uint8_t *text = NULL;
	size_t len = 0;
	cJSON *header = NULL;
	int error;

	if (cjose_base64url_decode(token, strcspn(token, "."), &text, &len, NULL))
		header = cp_claims_parse((const char *)text, len);
	cjose_get_dealloc()(text);
	if (!header)
		return cp_refuse(fault, CP_FORBIDDEN, "token: is no JSON Web Token");
	error = check_critical(header, fault);
	if (error == 0)
		error = check_type(header, config->auth.type, fault);
	if (error == 0)
		error = read_kid(header, out, fault);
	cJSON_Delete(header);
	return error;
}
