/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target without libFuzzer: every file of the corpus as it is, then with
 * changes that a fixed seed picks, so that a failure comes again.
 *
 *   fuzz_NAME [-m CHANGES] FILE-OR-DIRECTORY...
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { INPUT_MAX = 1 << 16, GROW_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t seed = 0x9e3779b97f4a7c15;
static unsigned long changes = 2000, inputs;

/* xorshift64* */
static uint32_t pick(uint32_t below)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (uint32_t)((seed * 0x2545f4914f6cdd1d) >> 32) % below;
}

/* A copy of exactly the input's size, so that a sanitizer sees a read past it. */
static void run(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
	inputs++;
}

/* One change at one place. Returns the new size. */
static size_t change(uint8_t *data, size_t size)
{
	static const uint8_t edges[] = {0x00, 0x01, 0x03, 0x04, 0x7f, 0x80, 0xfc, 0xff};
	size_t at = size > 0 ? pick((uint32_t)size) : 0, n;

	switch (size > 0 ? pick(6) : 5) {
	case 0:
		data[at] ^= (uint8_t)(1 << pick(8));
		return size;
	case 1:
		data[at] = edges[pick(sizeof(edges))];
		return size;
	case 2:
		data[at] = (uint8_t)pick(256);
		return size;
	case 3:
		return at; /* cut off */
	case 4:
		n = 1 + pick((uint32_t)(size - at)); /* taken out */
		memmove(data + at, data + at + n, size - at - n);
		return size - n;
	default:
		n = 1 + pick(8); /* put in */
		memmove(data + at + n, data + at, size - at);
		for (size_t i = 0; i < n; i++)
			data[at + i] = (uint8_t)pick(256);
		return size + n;
	}
}

static void run_file(const char *path)
{
	static uint8_t original[INPUT_MAX], changed[INPUT_MAX + GROW_MAX];
	FILE *f = fopen(path, "rb");
	size_t size;

	if (!f) {
		perror(path);
		exit(2);
	}
	size = fread(original, 1, sizeof(original), f);
	fclose(f);
	run(original, size);
	for (unsigned long i = 0; i < changes; i++) {
		size_t len = size;

		memcpy(changed, original, size);
		for (uint32_t n = 1 + pick(GROW_MAX / 8); n > 0; n--)
			len = change(changed, len);
		run(changed, len);
	}
}

static void run_path(const char *path)
{
	struct dirent **names;
	struct stat st;
	int count;

	if (stat(path, &st) != 0) {
		perror(path);
		exit(2);
	}
	if (!S_ISDIR(st.st_mode)) {
		run_file(path);
		return;
	}
	count = scandir(path, &names, NULL, alphasort); /* in the same order everywhere */
	for (int i = 0; i < count; i++) {
		char file[4096];

		snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.')
			run_file(file);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
}

int main(int argc, char **argv)
{
	int first = 1;

	if (argc > 2 && strcmp(argv[1], "-m") == 0) {
		changes = strtoul(argv[2], NULL, 10);
		first = 3;
	}
	for (int i = first; i < argc; i++)
		run_path(argv[i]);
	printf("%lu inputs\n", inputs);
	return inputs > 0 ? 0 : 2;
}
