/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sdp/world.h"

#include <stdio.h>
#include <stdlib.h>

struct cp_router full_router(void)
{
	static const enum sh_codec all[] = {
		SH_CODEC_OPUS, SH_CODEC_VP8, SH_CODEC_VP9, SH_CODEC_H264, SH_CODEC_AV1};
	struct cp_router r;

	cp_router_init(&r, all, 5);
	return r;
}

void load(char out[TEXT_SIZE], const char *name)
{
	char path[128];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "data/%s.sdp", name);
	f = fopen(path, "r");
	assert_non_null(f);
	len = fread(out, 1, TEXT_SIZE - 1, f);
	fclose(f);
	assert_true(len < TEXT_SIZE - 1);
	out[len] = '\0';
}

void replace(char text[TEXT_SIZE], const char *old, const char *new)
{
	char *at = strstr(text, old), rest[TEXT_SIZE];

	assert_non_null(at);
	strcpy(rest, at + strlen(old));
	assert_true((size_t)(at - text) + strlen(new) + strlen(rest) < TEXT_SIZE);
	strcpy(at, new);
	strcat(at, rest);
}

void remove_line(char text[TEXT_SIZE], const char *start)
{
	char line[512];
	const char *at = strstr(text, start);

	assert_non_null(at);
	snprintf(line, sizeof(line), "%.*s", (int)(strchr(at, '\n') + 1 - at), at);
	replace(text, line, "");
}

struct cp_sdp_offer *read_text(enum cp_sdp_use use, const char *text)
{
	struct cp_sdp_offer *o = NULL;
	struct cp_fault fault;

	if (cp_sdp_offer_read(&o, use, text, strlen(text), &fault) != 0)
		fail_msg("%s", fault.message);
	return o;
}

struct cp_sdp_offer *read_file(enum cp_sdp_use use, const char *name)
{
	char text[TEXT_SIZE];

	load(text, name);
	return read_text(use, text);
}

void expect_refusal(enum cp_sdp_use use, const char *text, enum cp_code code, const char *words)
{
	struct cp_sdp_offer *o = NULL;
	struct cp_fault fault;
	int rc = cp_sdp_offer_read(&o, use, text, strlen(text), &fault);

	if (rc == 0)
		fail_msg("it was accepted, without: %s", words);
	assert_null(o);
	assert_int_equal(rc, cp_fault_errno(&fault));
	if (!strstr(fault.message, words))
		fail_msg("\"%s\" does not contain \"%s\"", fault.message, words);
	assert_string_equal(cp_code_name(fault.code), cp_code_name(code));
}

uint32_t section_of(const struct cp_sdp_offer *o, enum sh_kind kind)
{
	for (uint32_t i = 0; i < o->section_count; i++) {
		if (o->section[i].kind == kind)
			return i;
	}
	fail_msg("no such section");
	return 0;
}

cJSON *transport(void)
{
	cJSON *o =
		cJSON_Parse("{\"iceParameters\":{\"usernameFragment\":\"serverufrag\",\"password\":"
			    "\"serverpassword\","
			    "\"iceLite\":true},\"iceCandidates\":["
			    "{\"foundation\":\"udpcandidate\",\"priority\":1076302079,\"ip\":\"192.0.2.1\","
			    "\"protocol\":\"udp\",\"port\":20001,\"type\":\"host\"},"
			    "{\"foundation\":\"udpcandidate\",\"priority\":1076276479,\"ip\":\"2001:db8::1\","
			    "\"protocol\":\"udp\",\"port\":20001,\"type\":\"host\"}],"
			    "\"dtlsParameters\":{\"role\":\"auto\",\"fingerprints\":["
			    "{\"algorithm\":\"sha-256\",\"value\":\"AA:BB\"}]}}");

	assert_non_null(o);
	return o;
}

int has_line(const char *text, const char *line)
{
	size_t len = strlen(line);

	for (const char *at = text; (at = strstr(at, line)); at++) {
		if ((at == text || at[-1] == '\n') && strncmp(at + len, "\r\n", 2) == 0)
			return 1;
	}
	return 0;
}

int has_line_after(const char *text, const char *from, const char *line)
{
	const char *at = strstr(text, from);

	return at && has_line(at, line);
}

void expect_line(const char *text, const char *line)
{
	if (!has_line(text, line))
		fail_msg("no line \"%s\" in:\n%s", line, text);
}

void expect_line_after(const char *text, const char *from, const char *line)
{
	if (!has_line_after(text, from, line))
		fail_msg("no line \"%s\" after \"%s\" in:\n%s", line, from, text);
}
