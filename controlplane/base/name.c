/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/base/name.h"

#include <stddef.h>
#include <string.h>

bool cp_name_valid(const char *name)
{
	size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-");

	return length > 0 && length < CP_NAME_SIZE && name[length] == '\0';
}
