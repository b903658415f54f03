/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "controlplane/persist/persist.h"

#define ID(n) "0000000" #n "-1111-4222-8333-444444444444"

static uint8_t blob[SH_BLOB_MAX];

static struct sh_path path(uint8_t family, uint16_t port)
{
	struct sh_path p = {.remote = {.family = family, .port = port, .ip = {10, 1, 0, 9}},
		.local = {.family = family, .port = 20000, .ip = {10, 1, 0, 2}},
		.l2 = {.mac = {2, 0, 0, 0, 0, 9}, .vlan = 7, .port = 1}};

	if (family == 6)
		p.remote.ip[15] = p.local.ip[15] = 1;
	return p;
}

static struct cp_saved_transport player(void)
{
	struct cp_saved_transport t = {.id = ID(1), .receives = true};

	strcpy(t.ice.ufrag, "abcdefghijklmnop");
	strcpy(t.ice.pwd, "ABCDEFGHIJKLMNOPQRSTU+/0");
	t.ice.nomination = 5;
	t.ice.selected = 1;
	t.ice.tuple_count = 2;
	t.ice.tuple[0] = (struct cp_saved_tuple){.path = path(4, 5000), .nomination = 3};
	t.ice.tuple[1] = (struct cp_saved_tuple){.path = path(6, 5001), .proven = true};
	strcpy(t.peer.id, ID(2));
	strcpy(t.peer.room, "a room with \xc3\xa4");
	strcpy(t.peer.user, "auth0|0123");
	strcpy(t.peer.cname, "abcdefghijklmno_");
	strcpy(t.peer.address, "2001:db8::1");
	t.peer.subscribe = t.peer.user_proven = t.peer.room_bound = true;
	t.peer.expires_s = 4102444800;
	t.peer.client = CP_SAVED_WHEP;
	strcpy(t.peer.whip.id, ID(3));
	strcpy(t.peer.whip.etag, "0123456789abcdef");
	strcpy(t.peer.whip.ufrag, "4Zc/");
	strcpy(t.peer.whip.bundle, "0 1");
	t.peer.whip.trickle = true;
	t.peer.whip.tag = 1;
	t.peer.whip.section_count = 2;
	t.peer.whip.section[0] = (struct cp_saved_section){.kind = SH_KIND_AUDIO, .silent = true, .mid = "0"};
	t.peer.whip.section[1] =
		(struct cp_saved_section){.kind = SH_KIND_VIDEO, .mid = "1", .ssrc = 44, .rtx_ssrc = 45};
	strcpy(t.peer.whip.cname, "ABCDEFGHIJKLMNO-");
	return t;
}

/* The longest of everything. */
static struct cp_saved_transport longest(void)
{
	struct cp_saved_transport t = player();

	memset(t.peer.room, 'r', CP_NAME_SIZE - 1);
	memset(t.peer.user, 'u', CP_NAME_SIZE - 1);
	memset(t.peer.address, 'f', CP_SAVED_ADDRESS_SIZE - 1);
	memset(t.peer.whip.ufrag, 'f', CP_SAVED_UFRAG_SIZE - 1);
	strcpy(t.peer.whip.bundle, "12345678 12345678");
	for (int i = 0; i < 2; i++)
		strcpy(t.peer.whip.section[i].mid, "12345678");
	memset(t.ice.ufrag, 'u', SH_UFRAG_MAX);
	memset(t.ice.pwd, 'p', SH_PWD_MAX);
	memset(t.ice.previous_ufrag, 'u', SH_UFRAG_MAX);
	memset(t.ice.previous_pwd, 'p', SH_PWD_MAX);
	t.ice.tuple_count = SH_MAX_TUPLES;
	for (uint16_t i = 0; i < SH_MAX_TUPLES; i++)
		t.ice.tuple[i] = (struct cp_saved_tuple){.path = path(6, i)};
	return t;
}

static struct cp_saved_producer simulcast(void)
{
	struct cp_saved_producer p = {.id = ID(6), .transport = 99, .signalled.count = 2};

	p.consumable = (struct cp_consumable){.kind = SH_KIND_VIDEO,
		.codec = SH_CODEC_VP8,
		.type = CP_STREAM_SIMULCAST,
		.encodings = 2,
		.spatial_layers = 2,
		.temporal_layers = 3,
		.router = {.pt = 101, .rtx_pt = 102},
		.fmtp = "{\"profile-id\":0}",
		.scalability = "L2T3"};
	for (uint8_t i = 0; i < 2; i++) {
		p.signalled.encoding[i] = (struct sh_producer_add){.ssrc = 1000u + i,
			.rtx_ssrc = 2000u + i,
			.clock_rate = 90000,
			.flags = SH_PRODUCER_NACK,
			.kind = SH_KIND_VIDEO,
			.codec = SH_CODEC_VP8,
			.pt = 96,
			.rtx_pt = 97,
			.mid_len = 1,
			.rid_len = 2,
			.ext_id = {1, 2, 3},
			.encoding = i,
			.encodings = 2,
			.spatial_layers = 1,
			.temporal_layers = 3,
			.mid = "1",
			.rid = "r0"};
		p.encoding[i] = 0xabc0000000000001u + i;
	}
	return p;
}

static struct cp_saved_consumer consumer(void)
{
	struct cp_saved_consumer c = {.id = ID(7), .transport = 5, .producer = 6, .ssrc = 7, .rtx_ssrc = 8};

	strcpy(c.mid, "12");
	c.common = (struct cp_common){.rtx = true, .feedback = 31, .ext = {true, false, true}};
	return c;
}

/* --- whole blobs ------------------------------------------------------------------------ */

static void a_transport_comes_back_as_it_was(void **state)
{
	struct cp_saved_transport t = player(), out;
	size_t len = cp_saved_transport_write(&t, blob);

	assert_in_range(len, 1, 500); /* as an operator's table of memory has it */
	memset(&out, 0xff, sizeof(out));
	assert_int_equal(cp_saved_transport_read(&out, CP_SAVED_VERSION, blob, len), 0);
	assert_memory_equal(&out, &t, sizeof(t));
}

static void a_client_of_signaling_has_hashes(void **state)
{
	struct cp_saved_transport t = player(), out;
	size_t len;

	memset(&t.peer.whip, 0, sizeof(t.peer.whip));
	t.peer.client = CP_SAVED_JSON;
	t.peer.hash_count = 2;
	memset(t.peer.hash, 0x5a, sizeof(t.peer.hash));
	t.peer.audio_entries = CP_SAVED_AUDIO_ENTRIES;
	t.peer.audio_interval = CP_SAVED_AUDIO_INTERVALS - 1;
	len = cp_saved_transport_write(&t, blob);
	assert_int_equal(cp_saved_transport_read(&out, CP_SAVED_VERSION, blob, len), 0);
	assert_memory_equal(&out, &t, sizeof(t));
	t.peer.audio_interval++;
	assert_int_equal(cp_saved_transport_write(&t, blob), 0);
	t.peer.audio_interval = 0;
	t.peer.audio_entries++;
	assert_int_equal(cp_saved_transport_write(&t, blob), 0);
	t.peer.audio_entries = 0;
	t.peer.hash_count = 0; /* nobody could resume it */
	assert_int_equal(cp_saved_transport_write(&t, blob), 0);
}

static void the_longest_of_everything_fits(void **state)
{
	struct cp_saved_transport t = longest(), out;
	struct cp_saved_producer p = simulcast(), p_out;
	size_t len = cp_saved_transport_write(&t, blob);

	assert_in_range(len, 1200, SH_BLOB_MAX);
	assert_int_equal(cp_saved_transport_read(&out, CP_SAVED_VERSION, blob, len), 0);
	assert_memory_equal(&out, &t, sizeof(t));
	p.consumable.encodings = SH_MAX_ENCODINGS;
	p.signalled.count = SH_MAX_ENCODINGS;
	for (uint8_t i = 0; i < SH_MAX_ENCODINGS; i++) {
		p.signalled.encoding[i] = p.signalled.encoding[0];
		p.signalled.encoding[i].rid_len = SH_RID_MAX;
		p.signalled.encoding[i].mid_len = SH_MID_MAX;
		p.encoding[i] = i + 1;
	}
	strcpy(p.consumable.fmtp, "{\"a\":\"");
	memset(p.consumable.fmtp + 6, 'x', CP_FMTP_SIZE - 9);
	strcpy(p.consumable.fmtp + CP_FMTP_SIZE - 3, "\"}");
	len = cp_saved_producer_write(&p, blob);
	assert_in_range(len, 600, SH_BLOB_MAX);
	assert_int_equal(cp_saved_producer_read(&p_out, CP_SAVED_VERSION, blob, len), 0);
	assert_string_equal(p_out.consumable.fmtp, p.consumable.fmtp);
}

static void a_producer_and_a_consumer_come_back_as_they_were(void **state)
{
	struct cp_saved_producer p = simulcast(), p_out;
	struct cp_saved_consumer c = consumer(), c_out;
	size_t len = cp_saved_producer_write(&p, blob);

	assert_int_equal(cp_saved_producer_read(&p_out, CP_SAVED_VERSION, blob, len), 0);
	assert_memory_equal(&p_out, &p, sizeof(p));
	len = cp_saved_consumer_write(&c, blob);
	assert_in_range(len, 1, SH_BLOB_PIECE); /* one command: viewers are many */
	assert_int_equal(cp_saved_consumer_read(&c_out, CP_SAVED_VERSION, blob, len), 0);
	assert_memory_equal(&c_out, &c, sizeof(c));
	c.negotiated = true;
	memset(c.mid, 0, sizeof(c.mid));
	memset(&c.common, 0, sizeof(c.common));
	len = cp_saved_consumer_write(&c, blob);
	assert_int_equal(cp_saved_consumer_read(&c_out, CP_SAVED_VERSION, blob, len), 0);
	assert_memory_equal(&c_out, &c, sizeof(c));
}

/* --- damaged ones ----------------------------------------------------------------------- */

static void a_blob_that_is_cut_or_too_long_is_refused(void **state)
{
	struct cp_saved_transport t = player(), out;
	size_t len = cp_saved_transport_write(&t, blob);

	for (size_t n = 0; n < len; n++)
		assert_int_equal(cp_saved_transport_read(&out, CP_SAVED_VERSION, blob, n), EINVAL);
	assert_int_equal(cp_saved_transport_read(&out, CP_SAVED_VERSION, blob, len + 1), EINVAL);
}

static void a_blob_of_another_version_or_kind_is_refused(void **state)
{
	struct cp_saved_transport t = player();
	struct cp_saved_consumer out;
	size_t len = cp_saved_transport_write(&t, blob);

	assert_int_equal(cp_saved_transport_read(&t, CP_SAVED_VERSION + 1, blob, len), ENOTSUP);
	assert_int_equal(cp_saved_transport_read(&t, 0, blob, len), ENOTSUP);
	assert_int_equal(cp_saved_consumer_read(&out, CP_SAVED_VERSION, blob, len), EINVAL);
}

static void what_is_out_of_range_is_not_written_either(void **state)
{
	struct cp_saved_transport t = player();
	struct cp_saved_producer p = simulcast();

	t.peer.room[0] = '\0';
	assert_int_equal(cp_saved_transport_write(&t, blob), 0);
	t = player();
	t.id[3] = '"';
	assert_int_equal(cp_saved_transport_write(&t, blob), 0);
	t = player();
	t.ice.tuple[0].path.remote.family = 0;
	assert_int_equal(cp_saved_transport_write(&t, blob), 0);
	t = player();
	t.ice.selected = 2;
	assert_int_equal(cp_saved_transport_write(&t, blob), 0);
	t = player();
	t.peer.whip.tag = 2;
	assert_int_equal(cp_saved_transport_write(&t, blob), 0);
	strcpy(p.consumable.fmtp, "{\"a\":");
	assert_int_equal(cp_saved_producer_write(&p, blob), 0);
	p = simulcast();
	p.encoding[1] = 0;
	assert_int_equal(cp_saved_producer_write(&p, blob), 0);
}

/* Each byte changed in turn: refused, or it is another blob that can be written. */
static void a_changed_byte_never_breaks_a_limit(void **state)
{
	struct cp_saved_transport t = player(), out;
	size_t len = cp_saved_transport_write(&t, blob);
	uint8_t again[SH_BLOB_MAX];

	for (size_t i = 0; i < len; i++)
		for (unsigned change = 1; change < 256; change += 5) {
			blob[i] ^= (uint8_t)change;
			if (cp_saved_transport_read(&out, CP_SAVED_VERSION, blob, len) == 0) {
				assert_int_equal(cp_saved_transport_write(&out, again), len);
				assert_memory_equal(again, blob, len);
			}
			blob[i] ^= (uint8_t)change;
		}
}

/* --- commands --------------------------------------------------------------------------- */

static void commands_carry_all_of_it(void **state)
{
	struct sh_cmd cmd[CP_SAVED_COMMANDS];
	unsigned n;

	for (size_t i = 0; i < sizeof(blob); i++)
		blob[i] = (uint8_t)i;
	assert_int_equal(cp_saved_commands(cmd, 5, blob, SH_BLOB_PIECE), 1);
	assert_int_equal(cp_saved_commands(cmd, 5, blob, SH_BLOB_PIECE + 1), 2);
	assert_int_equal(cmd[1].blob.data[0], SH_BLOB_PIECE);
	assert_int_equal(cmd[1].blob.data[1], 0);
	n = cp_saved_commands(cmd, 5, blob, SH_BLOB_MAX);
	assert_int_equal(n, CP_SAVED_COMMANDS);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(cmd[i].op, SH_OP_BLOB);
		assert_int_equal(cmd[i].id, 5);
		assert_int_equal(cmd[i].blob.version, CP_SAVED_VERSION);
		assert_int_equal(cmd[i].blob.size, SH_BLOB_MAX);
		assert_int_equal(cmd[i].blob.at, i * SH_BLOB_PIECE);
	}
	assert_memory_equal(cmd[2].blob.data, blob + (size_t)2 * SH_BLOB_PIECE, SH_BLOB_PIECE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_transport_comes_back_as_it_was),
		cmocka_unit_test(a_client_of_signaling_has_hashes),
		cmocka_unit_test(the_longest_of_everything_fits),
		cmocka_unit_test(a_producer_and_a_consumer_come_back_as_they_were),
		cmocka_unit_test(a_blob_that_is_cut_or_too_long_is_refused),
		cmocka_unit_test(a_blob_of_another_version_or_kind_is_refused),
		cmocka_unit_test(what_is_out_of_range_is_not_written_either),
		cmocka_unit_test(a_changed_byte_never_breaks_a_limit),
		cmocka_unit_test(commands_carry_all_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
