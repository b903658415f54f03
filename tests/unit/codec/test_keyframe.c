/* SPDX-License-Identifier: Apache-2.0 */
/* Key frame detection: per codec what starts one, what doesn't, and each payload cut short. */
#include "tests/unit/rtp/exact.h"

#include "dataplane/codec/keyframe.h"

struct sample {
	size_t len;
	const char *bytes;
	bool starts;
	const char *why;
};
#define SAMPLE(text, starts, why)                                                                            \
	{                                                                                                    \
		sizeof(text) - 1, text, starts, why                                                          \
	}

static void check(enum sh_codec codec, const struct sample *samples, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t *payload = exact(samples[i].bytes, samples[i].len);

		if (dp_keyframe_start(codec, payload, samples[i].len) != samples[i].starts)
			fail_msg("codec %d: %s", codec, samples[i].why);
		free(payload);
	}
}

/* Cut anywhere before `need` bytes: malformed, so no key frame. */
static void check_cut(enum sh_codec codec, const void *bytes, size_t len, size_t need)
{
	for (size_t cut = 0; cut <= len; cut++) {
		uint8_t *payload = exact(bytes, cut);

		assert_int_equal(dp_keyframe_start(codec, payload, cut), cut >= need);
		free(payload);
	}
}

static void vp8(void **state)
{
	static const struct sample samples[] = {
		SAMPLE("\x10\x00\x9d\x01\x2a", true, "S, PID 0, P 0"),
		SAMPLE("\x10\x01", false, "an inter frame"),
		SAMPLE("\x10\x50", true, "P alone counts, not size or version"),
		SAMPLE("\x00\x00", false, "no start of a partition"),
		SAMPLE("\x11\x00", false, "start of partition 1"),
		SAMPLE("\x14\x00", false, "PID has three bits"),
		SAMPLE("\x30\x00", true, "N says nothing"),
		SAMPLE("\x90\x00\x00", true, "X without any"),
		SAMPLE("\x90\x00\x01", false, "X without any, inter"),
		SAMPLE("\x90\x80\x7f\x00", true, "7-bit picture id"),
		SAMPLE("\x90\x80\x7f\x01", false, "7-bit picture id, inter"),
		SAMPLE("\x90\x80\x81\x01\x00", true, "15-bit picture id"),
		SAMPLE("\x90\x80\x81\x00\x01", false, "15-bit picture id, inter"),
		SAMPLE("\x90\x40\x01\x00", true, "TL0PICIDX"),
		SAMPLE("\x90\x20\x01\x00", true, "TID"),
		SAMPLE("\x90\x10\x01\x00", true, "KEYIDX"),
		SAMPLE("\x90\x30\x01\x00", true, "TID and KEYIDX share a byte"),
		SAMPLE("\x90\x30\x00\x01", false, "TID and KEYIDX share a byte, inter"),
		SAMPLE("\x90\xf0\x80\x01\x01\x01\x10", true, "all of them"),
		SAMPLE("\x90\xf0\x80\x00\x00\x00\x01", false, "all of them, inter"),
	};

	check(SH_CODEC_VP8, samples, sizeof(samples) / sizeof(samples[0]));
	check_cut(SH_CODEC_VP8, "\x90\xf0\x80\x01\x01\x01\x10\x9d", 8, 7);
	check_cut(SH_CODEC_VP8, "\x90\x80\x01\x10", 4, 4);
	check_cut(SH_CODEC_VP8, "\x10\x10", 2, 2);
}

static void vp9(void **state)
{
	static const struct sample samples[] = {
		SAMPLE("\x08z", true, "B"),
		SAMPLE("\x00z", false, "no B"),
		SAMPLE("\x48z", false, "P: inter predicted"),
		SAMPLE("\x88\x11z", true, "7-bit picture id"),
		SAMPLE("\x88\x91\x22z", true, "15-bit picture id"),
		SAMPLE("\xa8\x11\x00\x05z", true, "layer 0, TL0PICIDX"),
		SAMPLE("\xa8\x11\x10\x05z", true, "layer 0, U"),
		SAMPLE("\xa8\x11\x02\x05z", false, "spatial layer 1"),
		SAMPLE("\xa8\x11\x0e\x05z", false, "spatial layer 7"),
		SAMPLE("\xa8\x11\x03\x05z", false, "spatial layer 1, of the same picture"),
		SAMPLE("\xb8\x11\x00z", true, "flexible: no TL0PICIDX"),
		SAMPLE("\xb8\x91\x22\x00z", true, "flexible, 15 bits"),
		SAMPLE("\xf8\x11\x00\x02z", false, "flexible, with a reference"),
		SAMPLE("\x0a\x00z", true, "an empty structure"),
		SAMPLE("\x0a\x10\x01\x40\x00\xf0z", true, "structure: one resolution"),
		SAMPLE("\x0a\x08\x00z", true, "structure: no pictures"),
		SAMPLE("\x0a\x08\x02\x04\x01\x0c\x01\x02\x03z", true, "structure: a group of two"),
		SAMPLE("\xaa\x11\x00\x05\x38\x02\x80\x01\x68\x05\x00\x02\xd0\x01\x00z", true,
			"two layers and a group"),
	};

	check(SH_CODEC_VP9, samples, sizeof(samples) / sizeof(samples[0]));
	check_cut(SH_CODEC_VP9, "\xaa\x91\x22\x00\x05\x38\x02\x80\x01\x68\x05\x00\x02\xd0\x01\x08\x01\x02zz",
		20, 19);
	check_cut(SH_CODEC_VP9, "\x0a\x08\xff\x0c\x01\x02\x03", 7, 8); /* 255 pictures, and it ends */
	check_cut(SH_CODEC_VP9, "\x08zz", 3, 2);
}

static void h264(void **state)
{
	static const struct sample samples[] = {
		SAMPLE("\x65\x88", true, "IDR"),
		SAMPLE("\x67\x42", true, "SPS"),
		SAMPLE("\x68\xce", false, "PPS"),
		SAMPLE("\x06\x05", false, "SEI"),
		SAMPLE("\x41\x9a", false, "a slice"),
		SAMPLE("\x25\x88", true, "IDR, other NRI"),
		SAMPLE("\x78\0\x02\x67\x42\0\x02\x68\xce", true, "STAP-A: SPS, PPS"),
		SAMPLE("\x78\0\x02\x68\xce\0\x02\x65\x88", true, "STAP-A: PPS, IDR"),
		SAMPLE("\x78\0\x02\x68\xce\0\x02\x41\x9a", false, "STAP-A: PPS, a slice"),
		SAMPLE("\x78\0\x02\x09\x67\0\x02\x41\x65", false, "STAP-A: the types are in the first bytes"),
		SAMPLE("\x78\0\x00\x67\x42", false, "STAP-A: an empty unit"),
		SAMPLE("\x78\0\x00\0\x02\x67\x42", false, "STAP-A: an empty unit, then an SPS"),
		SAMPLE("\x78\0\x09\x67\x42", false, "STAP-A: a size that lies"),
		SAMPLE("\x78\xff\xff\x67\x42", false, "STAP-A: a size that lies much"),
		SAMPLE("\x78\0\x02\x67\x42\0\x03\x68\xce", false, "STAP-A: the second lies"),
		SAMPLE("\x78\0\x02\x67\x42\0", false, "STAP-A: half a size"),
		SAMPLE("\x7c\x85\x88", true, "FU-A: start of an IDR"),
		SAMPLE("\x7c\x87\x42", true, "FU-A: start of an SPS"),
		SAMPLE("\x7c\x05\x88", false, "FU-A: within an IDR"),
		SAMPLE("\x7c\x45\x88", false, "FU-A: end of an IDR"),
		SAMPLE("\x5c\x81\x9a", false, "FU-A: start of a slice"),
		SAMPLE("\x79\x85\x88", false, "STAP-B is not negotiated"),
		SAMPLE("\x7d\x85\x88", false, "nor is FU-B"),
		SAMPLE("\x65", false, "a header alone"),
		SAMPLE("\x7c", false, "FU-A without its header"),
	};

	check(SH_CODEC_H264, samples, sizeof(samples) / sizeof(samples[0]));
	/* After the first unit alone it is whole too. */
	static const uint8_t stap[] = {0x78, 0, 2, 0x67, 0x42, 0, 3, 0x68, 0xce, 0x3c};
	for (size_t cut = 0; cut <= sizeof(stap); cut++) {
		uint8_t *payload = exact(stap, cut);

		assert_int_equal(dp_keyframe_start(SH_CODEC_H264, payload, cut),
			cut == 5 || cut == sizeof(stap));
		free(payload);
	}
}

static void av1(void **state)
{
	static const struct sample samples[] = {
		SAMPLE("\x08\x0a", true, "N"),
		SAMPLE("\x18\x0a", true, "N, one element"),
		SAMPLE("\x78\x0a", true, "N, Y, three elements"),
		SAMPLE("\x10\x32", false, "no N"),
		SAMPLE("\x88\x0a", false, "N with Z can't be"),
		SAMPLE("\x80\x0a", false, "continued"),
		SAMPLE("\x08", false, "nothing behind the header"),
	};

	check(SH_CODEC_AV1, samples, sizeof(samples) / sizeof(samples[0]));
	check_cut(SH_CODEC_AV1, "\x18\x0a\x0b", 3, 2);
}

/* --- packets one after the other --- */

struct step {
	uint64_t seq;
	uint32_t timestamp;
	const char *payload; /* terminated by NUL, which the first two bytes of these never are */
	bool begins;
};

#define SPS_    "\x67\x42"
#define PPS_    "\x68\xce"
#define SEI_    "\x06\x05"
#define AUD_    "\x09\x10"
#define IDR_    "\x65\x88"
#define SLICE_  "\x41\x9a"
#define FU_IDR_ "\x7c\x85"
#define FU_MID_ "\x7c\x05"
#define FU_END_ "\x7c\x45"

static void run_steps(enum sh_codec codec, const struct step *steps, size_t n, const char *what)
{
	struct dp_keyframes k = {0};

	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(steps[i].payload);
		uint8_t *payload = exact(steps[i].payload, len);

		if (dp_keyframe_begins(&k, codec, steps[i].seq, steps[i].timestamp, payload, len) !=
			steps[i].begins)
			fail_msg("%s: step %zu", what, i);
		free(payload);
	}
}
#define STEPS(codec, what, ...)                                                                              \
	do {                                                                                                 \
		const struct step steps[] = {__VA_ARGS__};                                                   \
		run_steps(codec, steps, sizeof(steps) / sizeof(steps[0]), what);                             \
	} while (0)

static void h264_begins_with_its_parameter_sets(void **state)
{
	STEPS(SH_CODEC_H264, "a packet for each", {1, 10, SPS_, true}, {2, 10, PPS_, false},
		{3, 10, IDR_, false}, {4, 10, IDR_, false}, {5, 20, SLICE_, false}, {6, 30, SPS_, true},
		{7, 30, PPS_, false}, {8, 30, FU_IDR_, false}, {9, 30, FU_MID_, false},
		{10, 30, FU_END_, false}, {11, 30, FU_IDR_, false});
	STEPS(SH_CODEC_H264, "behind a delimiter", {1, 10, SLICE_, false}, {2, 20, AUD_, false},
		{3, 20, SPS_, true}, {4, 20, SEI_, false}, {5, 20, IDR_, false});
	STEPS(SH_CODEC_H264, "with a timestamp of their own", {1, 10, SLICE_, false}, {2, 20, SPS_, true},
		{3, 20, PPS_, false}, {4, 30, IDR_, false}, {5, 30, IDR_, false}, {6, 40, SLICE_, false});
	STEPS(SH_CODEC_H264, "twice in a frame", {1, 10, SPS_, true}, {2, 10, IDR_, false},
		{3, 10, SPS_, false}, {4, 10, IDR_, false}, {5, 20, SPS_, true});
}

static void h264_without_its_sps(void **state)
{
	STEPS(SH_CODEC_H264, "the SPS is missing", {1, 10, SLICE_, false}, {3, 20, IDR_, false},
		{4, 20, IDR_, false}, {5, 30, SLICE_, false}, {2, 20, SPS_, true}, {6, 40, SLICE_, false});
	STEPS(SH_CODEC_H264, "perhaps it is missing", {1, 10, SLICE_, false}, {3, 20, FU_IDR_, false},
		{4, 20, FU_END_, false}, {5, 30, IDR_, true});
	STEPS(SH_CODEC_H264, "the PPS is missing, which is repaired", {1, 10, SPS_, true},
		{3, 10, IDR_, false}, {2, 10, PPS_, false});
	STEPS(SH_CODEC_H264, "a packet of its frame is missing", {1, 10, SLICE_, false}, {2, 20, SEI_, false},
		{4, 20, IDR_, false});
	STEPS(SH_CODEC_H264, "there is none: it was signalled", {1, 10, IDR_, false}, {2, 20, SLICE_, false},
		{3, 30, IDR_, true}, {4, 30, IDR_, false}, {5, 40, IDR_, true}, {6, 50, SEI_, false},
		{7, 50, FU_IDR_, true}, {8, 50, FU_MID_, false}, {9, 50, FU_IDR_, false});
	STEPS(SH_CODEC_H264, "a frame of both kinds of slices", {1, 10, SLICE_, false},
		{2, 20, SLICE_, false}, {3, 20, IDR_, false});
	STEPS(SH_CODEC_H264, "a gap was repaired before", {1, 10, SLICE_, false}, {3, 20, SLICE_, false},
		{2, 20, SLICE_, false}, {4, 30, IDR_, true});
	STEPS(SH_CODEC_H264, "malformed within the frame", {1, 10, SLICE_, false},
		{2, 20, "\x78\xff\xff", false}, {3, 20, IDR_, false});
	STEPS(SH_CODEC_H264, "an older one comes late", {1, 10, SLICE_, false}, {3, 20, IDR_, false},
		{4, 30, SPS_, true}, {2, 20, SPS_, false});
}

/* Their bits are set in the first packet alone; the second one of a frame begins nothing, whatever it claims. */
static void others_begin_once(void **state)
{
	STEPS(SH_CODEC_VP8, "VP8", {1, 10, "\x10\x10", true}, {2, 10, "\x10\x10", false},
		{3, 20, "\x10\x01", false}, {5, 30, "\x10\x10", true}, {4, 25, "\x10\x10", false});
	STEPS(SH_CODEC_VP9, "VP9", {1, 10, "\x08z", true}, {2, 10, "\x08z", false}, {3, 20, "\x48z", false},
		{4, 30, "\x08z", true});
	STEPS(SH_CODEC_AV1, "AV1", {1, 10, "\x08\x0a", true}, {2, 10, "\x08\x0a", false},
		{3, 20, "\x10\x32", false}, {4, 30, "\x08\x0a", true});
	STEPS(SH_CODEC_VP8, "its first packet is late", {1, 10, "\x10\x01", false},
		{3, 20, "\x01\x01", false}, {2, 20, "\x10\x10", true});
	STEPS(SH_CODEC_VP8, "a timestamp comes again", {1, 10, "\x10\x10", true}, {2, 20, "\x10\x01", false},
		{3, 10, "\x10\x10", true});
	STEPS(SH_CODEC_OPUS, "audio begins anywhere", {2, 10, "\xfc\xff", true}, {1, 9, "\xfc\xff", true},
		{3, 10, "\xfc\xff", true});
}

static void audio_and_unknown(void **state)
{
	assert_true(dp_keyframe_start(SH_CODEC_OPUS, (const uint8_t *)"", 0));
	assert_true(dp_keyframe_start(SH_CODEC_OPUS, (const uint8_t *)"\xfc", 1));
	assert_false(dp_keyframe_start((enum sh_codec)0, (const uint8_t *)"\x10\x00", 2));
	assert_false(dp_keyframe_start((enum sh_codec)99, (const uint8_t *)"\x10\x00", 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vp8),
		cmocka_unit_test(vp9),
		cmocka_unit_test(h264),
		cmocka_unit_test(av1),
		cmocka_unit_test(h264_begins_with_its_parameter_sets),
		cmocka_unit_test(h264_without_its_sps),
		cmocka_unit_test(others_begin_once),
		cmocka_unit_test(audio_and_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
