/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/dtls/provider.h"

#include <errno.h>

#include <stdbool.h>
#include <string.h>

#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>

enum { LIST_MAX = 16 };

/*
 * OpenSSL calls the algorithms with the context that init() gives it, which must therefore be the
 * default provider's. Our own data are global for that reason; load_whole() writes them once.
 */
static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static OSSL_PROVIDER *whole; /* the default provider; stays loaded until the process ends */

/*
 * The algorithms that are kept, by operation. Certificates have EC or RSA keys. Key exchange is
 * with EC or X25519. The SHA-1 cipher suites have an HMAC key. libssl fetches MD5 with SHA-1 when
 * it starts. The random generators, which query() passes on whole, use AES-256-CTR.
 */
static const char *const ciphers[] = {
	"AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305", "AES-128-CBC", "AES-256-CTR", NULL};
static const char *const digests[] = {
	"SHA1", "SHA2-224", "SHA2-256", "SHA2-384", "SHA2-512", "MD5", "MD5-SHA1", NULL};
static const char *const key_types[] = {"EC", "RSA", "X25519", "HMAC", NULL};
static const char *const macs[] = {"HMAC", NULL};
static const char *const kdfs[] = {"TLS1-PRF", NULL};
static const char *const exchanges[] = {"ECDH", "X25519", NULL};
static const char *const signatures[] = {"ECDSA", "RSA", "HMAC", NULL};
static const char *const key_decoders[] = {"EC", "RSA", NULL};

static struct {
	int operation;
	const char *const *names;
	OSSL_ALGORITHM kept[LIST_MAX];
} lists[] = {
	{.operation = OSSL_OP_CIPHER, .names = ciphers},
	{.operation = OSSL_OP_DIGEST, .names = digests},
	{.operation = OSSL_OP_KEYMGMT, .names = key_types},
	{.operation = OSSL_OP_MAC, .names = macs},
	{.operation = OSSL_OP_KDF, .names = kdfs},
	{.operation = OSSL_OP_KEYEXCH, .names = exchanges},
	{.operation = OSSL_OP_SIGNATURE, .names = signatures},
	{.operation = OSSL_OP_DECODER, .names = key_decoders},
};

enum { LISTS = sizeof(lists) / sizeof(lists[0]) };

/* True if the first name of the algorithm, whose names have colons between them, is in `names`. */
static bool named(const OSSL_ALGORITHM *a, const char *const *names)
{
	size_t len = strcspn(a->algorithm_names, ":");

	for (; *names; names++)
		if (strlen(*names) == len && strncmp(a->algorithm_names, *names, len) == 0)
			return true;
	return false;
}

/* False for decoders that certificates do not need: their keys are SubjectPublicKeyInfo in DER. */
static bool needed(const OSSL_ALGORITHM *a, int operation)
{
	return operation != OSSL_OP_DECODER ||
	       (strstr(a->property_definition, "input=der") &&
		       strstr(a->property_definition, "structure=SubjectPublicKeyInfo"));
}

static void shorten(OSSL_ALGORITHM *out, int operation, const char *const *names)
{
	const OSSL_ALGORITHM *a;
	int no_cache, n = 0;

	for (a = OSSL_PROVIDER_query_operation(whole, operation, &no_cache); a && a->algorithm_names; a++)
		if (n < LIST_MAX - 1 && named(a, names) && needed(a, operation))
			out[n++] = *a;
}

static void load_whole(void)
{
	whole = OSSL_PROVIDER_load(NULL, "default");
	if (!whole)
		return;
	for (int i = 0; i < LISTS; i++)
		shorten(lists[i].kept, lists[i].operation, lists[i].names);
}

/* --- functions that OpenSSL calls ----------------------------------------------------------- */

static const OSSL_ALGORITHM *query(void *context, int operation, int *no_cache)
{
	*no_cache = 0;
	for (int i = 0; i < LISTS; i++)
		if (lists[i].operation == operation)
			return lists[i].kept;
	return operation == OSSL_OP_RAND ? OSSL_PROVIDER_query_operation(whole, operation, no_cache) : NULL;
}

/* Passes on the default provider's capabilities, which include the groups of key exchange. */
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
		return EIO;
	l->context = OSSL_LIB_CTX_new();
	if (l->context && OSSL_PROVIDER_add_builtin(l->context, "browsers", init))
		l->provider = OSSL_PROVIDER_load(l->context, "browsers");
	if (l->provider)
		return 0;
	OSSL_LIB_CTX_free(l->context);
	return EIO;
}

void cp_dtls_library_close(struct cp_dtls_library *l)
{
	if (l->provider)
		OSSL_PROVIDER_unload(l->provider);
	OSSL_LIB_CTX_free(l->context);
}
