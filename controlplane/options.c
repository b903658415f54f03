/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXIT_USAGE = 2 };

static void usage(FILE *to)
{
	fputs("usage: spate-controlplane [options]\n"
	      "\n"
	      "  --config FILE    read the configuration from FILE\n"
	      "  --check-config   say whether the configuration is good, and end\n"
	      "  --http-port N    listen on port N for the page and WebSockets (3000)\n"
	      "  --web-root DIR   serve the built page from DIR\n"
	      "  --run-dir DIR    keep sockets in DIR (/run/spate)\n"
	      "  --help           show this text\n"
	      "  --version        show the version\n",
		to);
}

int cp_options_read(struct cp_options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{"config", required_argument, NULL, 'c'},
		{"check-config", no_argument, NULL, 'C'},
		{"http-port", required_argument, NULL, 'p'},
		{"web-root", required_argument, NULL, 'w'},
		{"run-dir", required_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'c') {
			o->config = optarg;
		} else if (option == 'C') {
			o->check = true;
		} else if (option == 'p') {
			o->port = optarg;
		} else if (option == 'w') {
			o->web_root = optarg;
		} else if (option == 'r') {
			o->run_dir = optarg;
		} else if (option == 'h') {
			usage(stdout);
			return EXIT_SUCCESS;
		} else if (option == 'v') {
			puts("spate-controlplane " CP_VERSION);
			return EXIT_SUCCESS;
		} else {
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (optind == argc)
		return CP_GO_ON;
	fprintf(stderr, "spate-controlplane: \"%s\" is no option\n", argv[optind]);
	return EXIT_USAGE;
}

static int copy_text(char *out, size_t size, const char *name, const char *text, char *err, size_t err_size)
{
	if (!text || snprintf(out, size, "%s", text) < (int)size)
		return 0;
	snprintf(err, err_size, "%s: longer than %zu characters", name, size - 1);
	return ENAMETOOLONG;
}

static int parse_port(uint16_t *out, const char *text, char *err, size_t err_size)
{
	char *end;
	long port = strtol(text, &end, 10);

	if (*text == '\0' || *end != '\0' || port < 1 || port > 65535) {
		snprintf(err, err_size, "--http-port: \"%s\" is not a port (1 to 65535)", text);
		return EINVAL;
	}
	*out = (uint16_t)port;
	return 0;
}

int cp_options_apply(const struct cp_options *o, struct sh_config *config, char *err, size_t err_size)
{
	int error = o->port ? parse_port(&config->http.port, o->port, err, err_size) : 0;

	if (error == 0)
		error = copy_text(config->http.web_root, sizeof(config->http.web_root), "--web-root",
			o->web_root, err, err_size);
	if (error == 0)
		error = copy_text(config->run_dir, sizeof(config->run_dir), "--run-dir", o->run_dir, err,
			err_size);
	if (error == 0 && config->http.web_root[0] == '\0')
		snprintf(config->http.web_root, sizeof(config->http.web_root), "%s", CP_WEB_ROOT);
	return error;
}

int cp_options_configure(const struct cp_options *o, struct sh_config *config)
{
	char err[256];

	sh_config_defaults(config);
	if (o->config && sh_config_load(config, o->config, err, sizeof(err)) != 0) {
		fprintf(stderr, "spate-controlplane: %s: %s\n", o->config, err);
		return EXIT_FAILURE;
	}
	if (cp_options_apply(o, config, err, sizeof(err)) != 0) {
		fprintf(stderr, "spate-controlplane: %s\n", err);
		return EXIT_USAGE;
	}
	if (!o->check)
		return CP_GO_ON;
	puts("the configuration is good");
	return EXIT_SUCCESS;
}
