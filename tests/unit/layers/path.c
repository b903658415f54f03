/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/layers/path.h"

#include <string.h>

enum { PACKET = 1200, AUDIO_BYTES = 100, KEYFRAME = 5, TRIES = 10 };

static double chance(struct path *p)
{
	p->random ^= p->random << 13;
	p->random ^= p->random >> 7;
	p->random ^= p->random << 17;
	return (double)(p->random >> 11) / 9007199254740992.0;
}

static uint64_t now_ns(const struct path *p)
{
	return (uint64_t)(p->now_ms * 1000000) + 1000000;
}

static struct path_seq *seq_of(struct path *p, uint32_t seq)
{
	return &p->seqs[seq % PATH_SEQS];
}

/* --- the link -------------------------------------------------------------------------------- */

static void enqueue(struct path *p, enum path_kind kind, unsigned bytes, uint32_t seq)
{
	p->sent_bytes += bytes;
	if (p->queue_count == PATH_QUEUE || p->queue_bytes + bytes > p->kbps * p->queue_ms / 8)
		return;
	p->queue[(p->queue_head + p->queue_count++) % PATH_QUEUE] =
		(struct path_packet){kind, bytes, seq, p->now_ms, 0};
	p->queue_bytes += bytes;
}

static void serve(struct path *p)
{
	p->credit = p->queue_count ? p->credit + p->kbps / 8 : 0;
	while (p->queue_count && p->credit >= p->queue[p->queue_head].bytes) {
		struct path_packet k = p->queue[p->queue_head];

		p->queue_head = (p->queue_head + 1) % PATH_QUEUE;
		p->queue_count--;
		p->queue_bytes -= k.bytes;
		p->credit -= k.bytes;
		if (chance(p) < p->loss || p->flight_count == PATH_QUEUE)
			continue;
		k.at_ms = p->now_ms + p->one_way_ms + chance(p) * p->jitter_ms;
		p->flight[(p->flight_head + p->flight_count++) % PATH_QUEUE] = k;
	}
}

/* --- the server ------------------------------------------------------------------------------ */

static void send_frame(struct path *p)
{
	double bytes = p->actual_kbps[p->spatial] * 1000.0 / 8 / 30 * (0.75 + chance(p) / 2);

	bool key = p->keyframe;

	if (key) {
		bytes *= KEYFRAME;
		p->key_first = p->next_seq;
	}
	p->keyframe = false;
	for (unsigned left = (unsigned)bytes + 1; left;) {
		unsigned n = left < PACKET ? left : PACKET;
		struct path_seq *s = seq_of(p, p->next_seq);

		*s = (struct path_seq){.bytes = (uint16_t)n};
		left -= n;
		if (chance(p) < p->loss_before) {
			s->lost_before = 1;
			p->gaps++;
		} else {
			enqueue(p, PATH_MEDIA, n, p->next_seq);
		}
		p->next_seq++;
	}
	if (key)
		p->key_end = p->next_seq;
}

static void decide(struct path *p)
{
	p->viewer.switching = p->switch_ms > 0;
	if (!dp_adapt_decide(&p->adapt, now_ns(p), &p->viewer))
		return;
	if (p->change_count < PATH_CHANGES)
		p->changes[p->change_count++] = (struct path_change){p->now_ms, p->video.spatial};
	if (!p->switch_ms)
		p->switch_ms = p->now_ms + p->one_way_ms + 50 + chance(p) * 100;
}

static void housekeeping(struct path *p)
{
	p->second_ms += 1000;
	p->viewer.sent_kbps = (uint32_t)(p->sent_bytes * 8 / 1000);
	p->sent_bytes = 0;
	for (unsigned s = 0; s < p->rates.spatial; s++) {
		double was = p->rates.kbps[s][0];
		double measured = p->actual_kbps[s] * (0.95 + chance(p) / 10);

		p->rates.kbps[s][0] = (uint32_t)(measured > was ? measured : was - (was - measured) / 8);
	}
	decide(p);
}

static void pad(struct path *p)
{
	double elapsed = p->now_ms - p->padding_ms;

	if (!dp_adapt_probing(&p->adapt)) {
		p->padding_ms = p->now_ms;
		p->padding_due = 0;
		return;
	}
	if (elapsed < 10)
		return;
	p->padding_ms = p->now_ms;
	p->padding_due += dp_adapt_padding(&p->adapt, now_ns(p), (uint64_t)(elapsed * 1000000));
	while (p->padding_due >= 250) {
		unsigned n = p->padding_due > PACKET ? PACKET : (unsigned)p->padding_due;

		p->padding_due -= n;
		p->padding_bytes += n;
		enqueue(p, PATH_PADDING, n, 0);
	}
}

static void serve_viewer(struct path *p)
{
	if (p->switch_ms && p->now_ms >= p->switch_ms) {
		p->switch_ms = 0;
		p->keyframe = true;
		p->spatial = p->video.spatial;
	}
	for (; p->now_ms >= p->frame_ms; p->frame_ms += 1000.0 / 30)
		send_frame(p);
	for (; p->now_ms >= p->audio_ms; p->audio_ms += 20)
		enqueue(p, PATH_AUDIO, AUDIO_BYTES, 0);
	pad(p);
	if (p->now_ms >= p->second_ms)
		housekeeping(p);
}

/* A message of the receiver reaches the server. */
static void came_back(struct path *p, const struct path_back *b)
{
	struct path_seq *s = seq_of(p, b->seq);

	if (!b->report) {
		if (!s->lost_before) {
			p->rtx++;
			enqueue(p, PATH_RTX, s->bytes, b->seq);
		}
		return;
	}
	struct dp_adapt_report block = b->block;

	block.gaps = p->gaps;
	block.rtx = p->rtx;
	p->gaps = p->rtx = 0;
	if (block.expected)
		dp_adapt_report(&p->adapt, now_ns(p), &block);
	if (b->remb)
		dp_adapt_remb(&p->adapt, now_ns(p), b->remb_kbps, p->viewer.sent_kbps);
	if (!dp_adapt_settled(&p->adapt))
		decide(p);
}

/* --- the receiver ------------------------------------------------------------------------------ */

static void go_back(struct path *p, struct path_back b)
{
	b.at_ms = p->now_ms + p->one_way_ms;
	if (p->back_count < PATH_BACK)
		p->back[(p->back_head + p->back_count++) % PATH_BACK] = b;
}

static void report(struct path *p, bool remb)
{
	struct path_back b = {.report = true, .remb = remb && !p->no_remb};

	b.remb_kbps = (uint32_t)p->receiver.sent_kbps;
	b.block.expected = p->highest - p->reported_highest;
	b.block.lost = (int32_t)(p->lost - p->reported_lost);
	if (p->now_ms >= p->rtt_ms) {
		b.block.rtt_us = (uint32_t)((2 * p->one_way_ms + p->queued_ms) * 1000);
		p->receiver.rtt = 2 * p->one_way_ms + p->queued_ms;
		p->rtt_ms = p->now_ms + 1000;
	}
	p->reported_highest = p->highest;
	p->reported_lost = p->lost;
	p->report_ms = p->now_ms + 1000;
	go_back(p, b);
}

static void ask(struct path *p, uint32_t seq)
{
	struct path_seq *s = seq_of(p, seq);

	s->asked_ms = p->now_ms;
	s->tries++;
	go_back(p, (struct path_back){.seq = seq});
}

static void media(struct path *p, uint32_t seq)
{
	if (!p->started) {
		p->started = true;
		p->highest = p->reported_highest = seq;
	}
	for (; (int32_t)(seq - p->highest) > 0; p->highest++) {
		if (p->highest + 1 == seq)
			continue;
		p->lost++;
		ask(p, p->highest + 1);
	}
	seq_of(p, seq)->received = 1;
}

/* Whether the last key frame is complete: nothing before it is needed any more. */
static bool has_key_frame(const struct path *p)
{
	for (uint32_t seq = p->key_first; seq < p->key_end; seq++)
		if (!p->seqs[seq % PATH_SEQS].received)
			return false;
	return p->key_end > 0;
}

/* Requests what is missing once more after a round trip. */
static void ask_again(struct path *p)
{
	uint32_t first = p->highest > 500 ? p->highest - 500 : 0;

	if (first < p->key_first && has_key_frame(p))
		first = p->key_first;
	for (uint32_t seq = first; seq < p->highest; seq++) {
		struct path_seq *s = seq_of(p, seq);

		if (s->received || !s->tries || s->tries > TRIES)
			continue;
		if (s->tries == TRIES && p->now_ms - s->asked_ms > 500) {
			s->tries++;
			p->unrepaired += !s->lost_before;
		} else if (s->tries < TRIES && p->now_ms - s->asked_ms >= p->receiver.rtt + 20) {
			ask(p, seq);
		}
	}
}

static void arrive(struct path *p, const struct path_packet *k)
{
	bool remb = receiver_packet(&p->receiver, k->sent_ms, p->now_ms, k->bytes);

	p->queued_ms = p->now_ms - k->sent_ms - p->one_way_ms;
	if (k->kind == PATH_MEDIA)
		media(p, k->seq);
	else if (k->kind == PATH_RTX)
		seq_of(p, k->seq)->received = 1;
	if ((remb && !p->no_remb) || p->now_ms >= p->report_ms)
		report(p, remb);
}

static void receive(struct path *p)
{
	while (p->flight_count && p->flight[p->flight_head].at_ms <= p->now_ms) {
		struct path_packet k = p->flight[p->flight_head];

		p->flight_head = (p->flight_head + 1) % PATH_QUEUE;
		p->flight_count--;
		arrive(p, &k);
	}
	while (p->back_count && p->back[p->back_head].at_ms <= p->now_ms) {
		struct path_back b = p->back[p->back_head];

		p->back_head = (p->back_head + 1) % PATH_BACK;
		p->back_count--;
		came_back(p, &b);
	}
}

/* --- running --------------------------------------------------------------------------------- */

void path_init(struct path *p, uint64_t seed)
{
	static const uint32_t kbps[] = {150, 500, 1500};

	memset(p, 0, sizeof(*p));
	p->random = seed * 0x9e3779b97f4a7c15 + 1;
	p->kbps = 3000;
	p->queue_ms = 200;
	p->one_way_ms = 25;
	p->jitter_ms = 1;
	p->rates = (struct dp_layer_rates){.spatial = 3, .temporal = 1, .alive = 7};
	for (unsigned s = 0; s < 3; s++)
		p->actual_kbps[s] = p->rates.kbps[s][0] = kbps[s];
	p->video = (struct dp_video){&p->rates, SH_WISHES_NONE, SH_LAYER_ANY, SH_LAYER_ANY};
	p->viewer = (struct dp_adapt_viewer){
		.fixed_kbps = 40, .can_pad = true, .videos = &p->video, .count = 1, .sent_kbps = 540};
	receiver_init(&p->receiver);
	dp_adapt_init(&p->adapt, now_ns(p));
	p->second_ms = 1000;
	decide(p);
	p->spatial = p->video.spatial;
	p->switch_ms = 0;
	p->keyframe = true;
}

void path_run(struct path *p, double ms)
{
	p->viewer.can_pad = !p->no_padding;
	for (double end = p->now_ms + ms; p->now_ms < end; p->now_ms++) {
		p->shown_kbit += p->actual_kbps[p->spatial];
		serve_viewer(p);
		serve(p);
		receive(p);
		if ((uint64_t)p->now_ms % 20 == 0)
			ask_again(p);
	}
}

unsigned path_switches(const struct path *p, double since_ms)
{
	unsigned n = 0;

	for (unsigned i = 1; i < p->change_count; i++)
		n += p->changes[i].ms >= since_ms;
	return n;
}

double path_reached(const struct path *p, uint8_t spatial)
{
	double ms = -1;

	for (unsigned i = 0; i < p->change_count; i++) {
		if (p->changes[i].spatial != spatial)
			ms = -1;
		else if (ms < 0)
			ms = p->changes[i].ms;
	}
	return ms;
}
