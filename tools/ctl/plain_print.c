/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Prints the help of "spatectl plain" and the control plane's replies about plain transports
 * (plain.h).
 */

#include "tools/ctl/plain.h"

#include <string.h>

void ctl_plain_help(FILE *to)
{
	fputs("usage: spatectl plain produce ROOM CODEC [WORD]...\n"
	      "       spatectl plain consume ROOM audio|video|PRODUCER [WORD]...\n"
	      "       spatectl plain list\n"
	      "       spatectl plain close ID\n"
	      "\n"
	      "A plain transport carries one stream as RTP or SRTP, without ICE and DTLS, on a UDP port\n"
	      "of its own. Everybody in the room can watch a produced stream; a room that does not exist\n"
	      "is created. RTCP uses the same port. docs/plain.md shows FFmpeg and GStreamer.\n"
	      "\n"
	      "  CODEC              opus, VP8, VP9, H264 or AV1, as far as the server has it\n"
	      "  from=ADDRESS:PORT  produce: accept packets only from there; default: from the\n"
	      "                     source of the first valid packet\n"
	      "  to=ADDRESS:PORT    consume: send there; default: to the source of the first RTCP\n"
	      "                     about the stream\n"
	      "  mac=MAC vlan=N     the next hop's MAC and VLAN; default: ARP or ND resolves it\n"
	      "  port=N             the UDP port; default: a free one\n"
	      "  idle=SECONDS       close it when no packet arrives for so long; default: never\n"
	      "  pt=N ssrc=N        produce: payload type (96, audio 111) and SSRC (random)\n"
	      "  rtx-pt=N rtx-ssrc=N  produce: how retransmissions arrive (RFC 4588)\n"
	      "  profile=HEX        produce: H264's profile-level-id (42e01f)\n"
	      "  nack pli fir       produce: the RTCP feedback that the sender supports\n"
	      "  rtx                consume: retransmit as RTX; default: the same packet again\n"
	      "  srtp=SUITE         AEAD_AES_128_GCM, AEAD_AES_256_GCM or AES_CM_128_HMAC_SHA1_80\n"
	      "  key-file=FILE      the other side's key: base64 of key and salt on the first line;\n"
	      "                     default: a random one. Our key is always random\n",
		to);
}

static void print_text(const cJSON *answer, const char *name, const char *member)
{
	char text[CTL_TEXT_MAX];

	if (cJSON_HasObjectItem(answer, member))
		printf("%-13s %s\n", name, ctl_text(text, answer, member));
}

/*
 * Prints a key as it is, because the operator copies it into another program's command line: base64
 * ends with '=', which ctl_text() would put in quotes. Anything but base64 is escaped.
 */
static void print_key(const cJSON *srtp, const char *name, const char *member)
{
	static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
	const char *key = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(srtp, member));

	if (key && key[strspn(key, base64)] == '\0')
		printf("%-13s %s\n", name, key);
	else
		print_text(srtp, name, member);
}

void ctl_plain_print(const cJSON *answer)
{
	const cJSON *srtp = cJSON_GetObjectItemCaseSensitive(answer, "srtp");

	print_text(answer, "id", "id");
	print_text(answer, "room", "room");
	print_text(answer, "producer", "producer");
	print_text(answer, "codec", "codec");
	printf("%-13s %.0f\n", "clock rate", ctl_number(answer, "clock_rate"));
	printf("%-13s %.0f\n", "payload type", ctl_number(answer, "payload_type"));
	printf("%-13s %.0f\n", "ssrc", ctl_number(answer, "ssrc"));
	if (cJSON_HasObjectItem(answer, "rtx_ssrc")) {
		printf("%-13s %.0f\n", "rtx type", ctl_number(answer, "rtx_payload_type"));
		printf("%-13s %.0f\n", "rtx ssrc", ctl_number(answer, "rtx_ssrc"));
	}
	print_text(answer, "address", "address");
	printf("%-13s %.0f\n", "port", ctl_number(answer, "port"));
	print_text(answer, "remote", "remote");
	if (!srtp)
		return;
	print_text(srtp, "srtp", "suite");
	print_key(srtp, "their key", "receive_key");
	print_key(srtp, "our key", "send_key");
}

void ctl_plain_print_list(const cJSON *answer)
{
	static const char *const columns[] = {
		"ID", "ROOM", "PURPOSE", "CODEC", ">PT", ">SSRC", "ADDRESS", ">PORT", "REMOTE", "IS", "SRTP"};
	const cJSON *item;
	struct ctl_table t;
	char text[CTL_TEXT_MAX];

	ctl_table_init(&t, columns, sizeof(columns) / sizeof(columns[0]));
	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(answer, "plain"))
	{
		ctl_cell(&t, "%s", ctl_text(text, item, "id"));
		ctl_cell(&t, "%s", ctl_text(text, item, "room"));
		ctl_cell(&t, "%s", ctl_text(text, item, "purpose"));
		ctl_cell(&t, "%s", ctl_text(text, item, "codec"));
		ctl_cell(&t, "%.0f", ctl_number(item, "payload_type"));
		ctl_cell(&t, "%.0f", ctl_number(item, "ssrc"));
		ctl_cell(&t, "%s", ctl_text(text, item, "address"));
		ctl_cell(&t, "%.0f", ctl_number(item, "port"));
		ctl_cell(&t, "%s", ctl_text(text, item, "remote"));
		ctl_cell(&t, "%s", ctl_text(text, item, "remote_is"));
		ctl_cell(&t, "%s", ctl_text(text, item, "suite"));
	}
	ctl_table_print(&t);
}
