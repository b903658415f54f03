/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/operator/reply_line.h"
#include "controlplane/base/json.h"

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

char *cp_admin_line(const cJSON *reply)
{
	char *text = cp_json_print(reply), *out = NULL;

	if (!text || asprintf(&out, "%s\n", text) < 0)
		out = NULL;
	if (text)
		explicit_bzero(text, strlen(text)); /* the text can contain keys */
	cJSON_free(text);
	return out;
}

void cp_admin_wipe_keys(cJSON *srtp)
{
	static const char *const names[] = {"key", "receive_key", "send_key"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(srtp, names[i]));

		if (text)
			OPENSSL_cleanse(text, strlen(text));
	}
}
