// Times vectorscan, or hyperscan, in streaming mode: `vectorscan-peer NEEDLES`.
// The needles are length-prefixed (u32, little endian). Says "ready", then
// answers each line "FILE BYTES REPS ARRIVAL" on stdin with the seconds it took.
#include <hs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void fail(const char *what) {
	fprintf(stderr, "vectorscan-peer: %s\n", what);
	exit(1);
}

static char *slurp(const char *path, size_t *size) {
	FILE *f = fopen(path, "rb");
	if (!f) fail("cannot open a file");
	fseek(f, 0, SEEK_END);
	*size = ftell(f);
	rewind(f);
	char *data = malloc(*size + 1);
	if (!data || fread(data, 1, *size, f) != *size) fail("cannot read a file");
	fclose(f);
	return data;
}

static hs_database_t *compile(const char *path) {
	size_t size, count = 0, room = 0;
	char *data = slurp(path, &size);
	const char **needles = NULL;
	size_t *lengths = NULL;
	for (size_t i = 0; i + 4 <= size;) {
		uint32_t n;
		memcpy(&n, data + i, 4);
		if (count == room) {
			room = room ? 2 * room : 64;
			needles = realloc(needles, room * sizeof *needles);
			lengths = realloc(lengths, room * sizeof *lengths);
			if (!needles || !lengths) fail("out of memory");
		}
		needles[count] = data + i + 4;
		lengths[count++] = n;
		i += 4 + n;
	}
	unsigned *flags = calloc(count, sizeof *flags), *ids = calloc(count, sizeof *ids);
	for (size_t i = 0; i < count; i++) ids[i] = i;
	hs_database_t *db;
	hs_compile_error_t *err;
	if (hs_compile_lit_multi(needles, flags, ids, lengths, count, HS_MODE_STREAM, NULL, &db, &err) != HS_SUCCESS)
		fail(err->message);
	return db;
}

static unsigned long found;

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
	(void)id, (void)from, (void)to, (void)flags, (void)context;
	found++;
	return 0;
}

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void pass(hs_database_t *db, hs_scratch_t *scratch, const char *text, size_t n, size_t arrival) {
	hs_stream_t *stream;
	if (hs_open_stream(db, 0, &stream) != HS_SUCCESS) fail("cannot open a stream");
	for (size_t i = 0; i < n; i += arrival)
		hs_scan_stream(stream, text + i, n - i < arrival ? n - i : arrival, 0, scratch, on_match, NULL);
	hs_close_stream(stream, scratch, on_match, NULL);
}

int main(int argc, char **argv) {
	if (argc != 2) fail("usage: vectorscan-peer NEEDLES");
	hs_database_t *db = compile(argv[1]);
	hs_scratch_t *scratch = NULL;
	if (hs_alloc_scratch(db, &scratch) != HS_SUCCESS) fail("no scratch");
	puts("ready");
	fflush(stdout);
	char path[4096], have[4096] = "", *text = NULL;
	size_t size, n, reps, arrival;
	while (scanf("%4095s %zu %zu %zu", path, &n, &reps, &arrival) == 4) {
		if (strcmp(path, have)) {
			free(text);
			text = slurp(path, &size);
			strcpy(have, path);
		}
		double begun = now();
		for (size_t i = 0; i < reps; i++) pass(db, scratch, text, n, arrival);
		printf("%.9f\n", now() - begun);
		fflush(stdout);
	}
	return 0;
}
