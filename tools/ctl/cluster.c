/* SPDX-License-Identifier: Apache-2.0 */

/* Implements "spatectl cluster": the other nodes, and rooms that another node has. */

#include "tools/ctl/spatectl.h"

#include <stdio.h>

static void print_nodes(const cJSON *nodes)
{
	static const char *const columns[] = {
		"NODE", "STATE", "REGION", ">VIEWERS", ">CAPACITY", ">ROOMS", ">HEARD", "URL"};
	struct ctl_table t;
	const cJSON *node;

	ctl_table_init(&t, columns, sizeof(columns) / sizeof(columns[0]));
	cJSON_ArrayForEach(node, nodes)
	{
		char text[CTL_TEXT_MAX];

		ctl_cell(&t, "%s", ctl_text(text, node, "id"));
		ctl_cell(&t, "%s", ctl_text(text, node, "state"));
		ctl_cell(&t, "%s", ctl_text(text, node, "region"));
		ctl_cell(&t, "%.0f", ctl_number(node, "viewers"));
		if (ctl_number(node, "capacity") > 0)
			ctl_cell(&t, "%.0f", ctl_number(node, "capacity"));
		else
			ctl_cell(&t, "-");
		ctl_cell(&t, "%.0f", ctl_number(node, "rooms"));
		ctl_cell(&t, "%.0f s", ctl_number(node, "heard_s"));
		ctl_cell(&t, "%s", ctl_text(text, node, "url"));
	}
	ctl_table_print(&t);
}

static void print_lost(const cJSON *rooms)
{
	const cJSON *room;

	cJSON_ArrayForEach(room, rooms)
	{
		char name[CTL_TEXT_MAX], node[CTL_TEXT_MAX];

		printf("room %s is published here, but it is node %s's\n", ctl_text(name, room, "room"),
			ctl_text(node, room, "node"));
	}
}

int ctl_cluster(const struct ctl_options *o)
{
	char err[CTL_ERR_MAX], node[CTL_TEXT_MAX], host[CTL_TEXT_MAX];
	cJSON *answer = ctl_ask(o, "cluster", err);
	const cJSON *redis = cJSON_GetObjectItemCaseSensitive(answer, "redis");
	bool connected = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(redis, "connected"));

	if (!answer) {
		fprintf(stderr, "spatectl: %s\n", err);
		return CTL_NO_CONTROLPLANE;
	}
	if (o->json) {
		cJSON_DeleteItemFromObject(answer, "ok");
		ctl_json_print(answer);
		return CTL_OK;
	}
	if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "enabled"))) {
		puts("this node is alone: cluster.redis is empty");
		cJSON_Delete(answer);
		return CTL_OK;
	}
	printf("node %s, %.0f rooms of its own; Redis at %s:%.0f %s\n", ctl_text(node, answer, "node"),
		ctl_number(answer, "own_rooms"), ctl_text(host, redis, "host"), ctl_number(redis, "port"),
		connected ? "answers" : "DOES NOT ANSWER: what is shown was known before");
	print_nodes(cJSON_GetObjectItemCaseSensitive(answer, "nodes"));
	print_lost(cJSON_GetObjectItemCaseSensitive(answer, "lost_rooms"));
	cJSON_Delete(answer);
	return connected ? CTL_OK : CTL_PROBLEMS;
}
