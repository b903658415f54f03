/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/negotiation/json.h"

cJSON *cp_json_append(cJSON *list)
{
	cJSON *object = list ? cJSON_CreateObject() : NULL;

	if (!object || cJSON_AddItemToArray(list, object))
		return object;
	cJSON_Delete(object);
	return NULL;
}

bool cp_json_add(cJSON *object, const char *name, cJSON *item)
{
	if (cJSON_AddItemToObject(object, name, item))
		return true;
	cJSON_Delete(item);
	return false;
}
