/* SPDX-License-Identifier: Apache-2.0 */
#include "provider.h"

#include <stdbool.h>
#include <string.h>

#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>

enum { LIST_MAX = 32 };

/*
 * OpenSSL asks with the default provider's context in hand, because the algorithms are
 * called with it. So what belongs to this provider is the process's. Written once.
 */
static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static OSSL_PROVIDER *whole; /* stays loaded for as long as the process */
static OSSL_ALGORITHM keys[LIST_MAX], decoders[LIST_MAX];

/* A list of names with colons between them begins with this one. */
static bool named(const OSSL_ALGORITHM *a, const char *name)
{
	size_t len = strlen(name);

	return strncmp(a->algorithm_names, name, len) == 0 &&
	       (a->algorithm_names[len] == '\0' || a->algorithm_names[len] == ':');
}

/* Certificates have EC or RSA keys, key exchange is with EC or X25519, the SHA-1 ciphers have an HMAC key. */
static bool is_needed_key(const OSSL_ALGORITHM *a)
{
	return named(a, "EC") || named(a, "RSA") || named(a, "X25519") || named(a, "HMAC");
}

static bool is_needed_decoder(const OSSL_ALGORITHM *a)
{
	return (named(a, "EC") || named(a, "RSA")) && strstr(a->property_definition, "input=der") &&
	       strstr(a->property_definition, "structure=SubjectPublicKeyInfo");
}

static void shorten(OSSL_ALGORITHM *out, int operation, bool (*needed)(const OSSL_ALGORITHM *a))
{
	const OSSL_ALGORITHM *a;
	int no_cache, n = 0;

	for (a = OSSL_PROVIDER_query_operation(whole, operation, &no_cache); a && a->algorithm_names; a++)
		if (n < LIST_MAX - 1 && needed(a))
			out[n++] = *a;
}

static void load_whole(void)
{
	whole = OSSL_PROVIDER_load(NULL, "default");
	if (!whole)
		return;
	shorten(keys, OSSL_OP_KEYMGMT, is_needed_key);
	shorten(decoders, OSSL_OP_DECODER, is_needed_decoder);
}

/* --- what OpenSSL asks a provider ----------------------------------------------------------- */

static const OSSL_ALGORITHM *query(void *context, int operation, int *no_cache)
{
	*no_cache = 0;
	switch (operation) {
	case OSSL_OP_KEYMGMT:
		return keys;
	case OSSL_OP_DECODER:
		return decoders;
	case OSSL_OP_ENCODER:
	case OSSL_OP_STORE:
		return NULL;
	default:
		return OSSL_PROVIDER_query_operation(whole, operation, no_cache);
	}
}

/* Among them the groups of key exchange. */
static int capabilities(void *context, const char *name, OSSL_CALLBACK *callback, void *arg)
{
	return OSSL_PROVIDER_get_capabilities(whole, name, callback, arg);
}

static int init(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
	void **context)
{
	static const OSSL_DISPATCH functions[] = {
		{OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
		{OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (void (*)(void))capabilities},
		{0, NULL},
	};

	*out = functions;
	*context = OSSL_PROVIDER_get0_provider_ctx(whole);
	return 1;
}

/* --- a library context ------------------------------------------------------------------------ */

int cp_dtls_library_open(struct cp_dtls_library *l)
{
	l->provider = NULL;
	l->context = NULL;
	if (!CRYPTO_THREAD_run_once(&once, load_whole) || !whole)
		return -1;
	l->context = OSSL_LIB_CTX_new();
	if (l->context && OSSL_PROVIDER_add_builtin(l->context, "browsers", init))
		l->provider = OSSL_PROVIDER_load(l->context, "browsers");
	if (l->provider)
		return 0;
	OSSL_LIB_CTX_free(l->context);
	return -1;
}

void cp_dtls_library_close(struct cp_dtls_library *l)
{
	if (l->provider)
		OSSL_PROVIDER_unload(l->provider);
	OSSL_LIB_CTX_free(l->context);
}
