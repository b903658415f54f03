/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/http/request_head.h"

#include <errno.h>
#include <string.h>

#include <libwebsockets.h>

/* The next byte belongs to this. */
enum { METHOD, TARGET, VERSION, LINE_FEED, NAME, VALUE, LAST_LINE_FEED, COMPLETE };

/*
 * libwebsockets has a place for so many headers that it knows and parts of a query, together. Some
 * places are for the request line.
 */
enum { PARTS_MAX = WSI_TOKEN_COUNT - 6 };

static int refuse(struct cp_request_head *h, uint16_t status, const char *reason)
{
	h->status = status;
	h->reason = reason;
	return EPROTO;
}

/* --- words --------------------------------------------------------------------------------- */

/* True if `c` may be in a method or a header's name (RFC 9110, 5.6.2: tchar). */
static bool is_token(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_control(unsigned char c)
{
	return c < ' ' || c == 0x7f;
}

static void append(struct cp_request_head *h, char c)
{
	if (h->word_len < CP_HEAD_WORD_SIZE)
		h->word[h->word_len] = c;
	if (h->word_len < UINT8_MAX)
		h->word_len++;
}

static bool word_is(const struct cp_request_head *h, const char *word)
{
	return h->word_len == strlen(word) && h->word_len <= CP_HEAD_WORD_SIZE &&
	       memcmp(h->word, word, h->word_len) == 0;
}

/*
 * True if libwebsockets misreads a header of this name. It looks for the names that it knows byte
 * by byte: where a header's name ends within a longer one that it knows ("x-auth" in
 * "x-auth-token:"), it misses the colon and takes the next line for a part of the name; and some
 * words that it looks for have no end ("put"), so that it takes "putty" for them.
 */
static bool is_misread(const struct cp_request_head *h)
{
	bool misread = false;

	for (int i = 0; i < WSI_TOKEN_COUNT; i++) {
		const char *known = (const char *)lws_token_to_string((enum lws_token_indexes)i);
		size_t len = known ? strlen(known) : 0, common = len < h->word_len ? len : h->word_len;

		if (len == 0 || common > CP_HEAD_WORD_SIZE || memcmp(known, h->word, common) != 0)
			continue;
		if (len <= h->word_len && known[len - 1] != ':')
			return true;
		if (len == h->word_len + 1u && known[len - 1] == ':')
			return false; /* it knows this name itself */
		misread = misread || len > h->word_len;
	}
	return misread;
}

/* --- the parts of a head ------------------------------------------------------------------- */

static int end_method(struct cp_request_head *h)
{
	static const char *const methods[] = {"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (!word_is(h, methods[i]))
			continue;
		h->word_len = 0;
		h->state = TARGET;
		return 0;
	}
	return refuse(h, 501, "this method is not known");
}

static int in_method(struct cp_request_head *h, unsigned char c)
{
	if (c == ' ')
		return end_method(h);
	if (!is_token(c))
		return refuse(h, 400, "this is not HTTP");
	append(h, (char)c);
	return 0;
}

static int hex_value(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -EINVAL;
}

/* Other control characters are left to those who read the query, and can say what is wrong. */
static int in_escape(struct cp_request_head *h, unsigned char c)
{
	int digit = hex_value(c);
	unsigned char value;

	if (digit < 0)
		return refuse(h, 400, "the URL has a % without two digits");
	value = (unsigned char)(h->escaped << 4 | digit);
	h->escaped = (uint8_t)digit;
	if (--h->escape == 0 && (value == '\0' || value == '\r' || value == '\n'))
		return refuse(h, 400, "the URL has a line end or a zero byte");
	return 0;
}

static int in_target(struct cp_request_head *h, unsigned char c)
{
	if (h->escape > 0)
		return in_escape(h, c);
	if (!h->target_began && c != '/')
		return refuse(h, 400, "only a path is served as the target of a request");
	h->target_began = true;
	if (c == ' ')
		h->state = VERSION;
	else if (is_control(c))
		return refuse(h, 400, "the URL has a control character");
	else if (c == '%')
		h->escape = 2;
	else if ((c == '&' || c == ';') && ++h->parts > PARTS_MAX)
		return refuse(h, 414, "the query has too many parts");
	return 0;
}

static int in_version(struct cp_request_head *h, unsigned char c)
{
	if (is_control(c) && c != '\r')
		return refuse(h, 400, "a line does not end with CR and LF");
	if (c != '\r') {
		append(h, (char)c);
		return h->word_len <= CP_HEAD_WORD_SIZE ? 0 : refuse(h, 400, "this is not HTTP");
	}
	h->needs_host = word_is(h, "HTTP/1.1");
	if (!h->needs_host && !word_is(h, "HTTP/1.0"))
		return refuse(h, 505, "only HTTP/1.1 and HTTP/1.0 are served");
	h->state = LINE_FEED;
	return 0;
}

/* Takes note of the headers that matter here. 0, or EPROTO: one is there twice. */
static int note(struct cp_request_head *h)
{
	static const char *const once[] = {"host", "origin", "content-length", "upgrade", "authorization"};

	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++) {
		if (!word_is(h, once[i]))
			continue;
		if (h->seen & 1 << i)
			return refuse(h, 400, "a header is there twice that may be there once");
		h->seen |= (uint8_t)(1 << i);
	}
	h->has_body = h->has_body || word_is(h, "content-length") || word_is(h, "transfer-encoding");
	h->upgrades = h->upgrades || word_is(h, "upgrade");
	return 0;
}

static int end_name(struct cp_request_head *h)
{
	if (h->word_len == 0)
		return refuse(h, 400, "a header has no name");
	if (is_misread(h))
		return refuse(h, 400, "a header has a name that this server cannot tell from a longer one");
	if (++h->parts > PARTS_MAX)
		return refuse(h, 431, "there are too many headers");
	h->state = VALUE;
	return note(h);
}

static int in_name(struct cp_request_head *h, unsigned char c)
{
	if (c == ':')
		return end_name(h);
	if (c == '\r' && h->word_len == 0) {
		h->state = LAST_LINE_FEED;
		return 0;
	}
	if (!is_token(c))
		return refuse(h, 400, "a line of the headers is no header");
	append(h, (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c));
	return 0;
}

static int in_value(struct cp_request_head *h, unsigned char c)
{
	if (c == '\r')
		h->state = LINE_FEED;
	else if (is_control(c) && c != '\t')
		return refuse(h, 400, "a header has a control character");
	return 0;
}

static int line_feed(struct cp_request_head *h, unsigned char c)
{
	if (c != '\n')
		return refuse(h, 400, "a line does not end with CR and LF");
	if (h->state == LAST_LINE_FEED && h->needs_host && !(h->seen & 1))
		return refuse(h, 400, "Host is missing");
	h->state = h->state == LAST_LINE_FEED ? COMPLETE : NAME;
	h->word_len = 0;
	return 0;
}

static int read_byte(struct cp_request_head *h, unsigned char c)
{
	switch (h->state) {
	case METHOD:
		return in_method(h, c);
	case TARGET:
		return in_target(h, c);
	case VERSION:
		return in_version(h, c);
	case NAME:
		return in_name(h, c);
	case VALUE:
		return in_value(h, c);
	default:
		return line_feed(h, c);
	}
}

enum cp_head_verdict cp_head_read(struct cp_request_head *h, const char *data, size_t len, size_t *used)
{
	*used = 0;
	while (h->state != COMPLETE && *used < len) {
		if (read_byte(h, (unsigned char)data[(*used)++]) != 0)
			return CP_HEAD_REFUSED;
		if (++h->bytes < CP_HEADERS_MAX || h->state == COMPLETE)
			continue;
		refuse(h, h->state == TARGET ? 414 : 431, "URL and headers are longer than 16 KB");
		return CP_HEAD_REFUSED;
	}
	return h->state == COMPLETE ? CP_HEAD_COMPLETE : CP_HEAD_MORE;
}
