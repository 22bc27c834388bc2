/* What the C receivers share: options, the board, and what is done with one packet.
 *
 * The board is a shared int64 array (benchmarks/board.py has the table). A receiver looks at every
 * packet's number, counts, and in a latency run notes how old its time stamp is: no more and no less
 * than the other contestants do.
 */
#pragma once
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { READY = 0, RECEIVED = 1, LOST = 2, SAMPLES = 3, NEXT = 4, DISORDER = 5, STOP = 8, DATA = 32 };

struct options {
    int core, board_fd, board_words, number_at, stamp_at, latency, busy, batch;
    int map_fd, ifindex, chunks, port, buffer_bytes;
    char group[32], host[32];
};

static volatile int64_t *board;
static int64_t samples_max;
static struct options opt;

static void fail(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static int number_option(const char *text, const char *name, int *value) {
    size_t length = strlen(name);
    if (strncmp(text, name, length) || text[length] != '=') return 0;
    *value = atoi(text + length + 1);
    return 1;
}

static void start(int argc, char **argv) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i];
        if (number_option(a, "core", &opt.core) || number_option(a, "board", &opt.board_fd) ||
            number_option(a, "words", &opt.board_words) || number_option(a, "number", &opt.number_at) ||
            number_option(a, "stamp", &opt.stamp_at) || number_option(a, "latency", &opt.latency) ||
            number_option(a, "busy", &opt.busy) ||
            number_option(a, "batch", &opt.batch) || number_option(a, "map", &opt.map_fd) ||
            number_option(a, "ifindex", &opt.ifindex) || number_option(a, "chunks", &opt.chunks) ||
            number_option(a, "port", &opt.port) || number_option(a, "buffer", &opt.buffer_bytes))
            continue;
        if (!strncmp(a, "group=", 6)) snprintf(opt.group, sizeof opt.group, "%s", a + 6);
        else if (!strncmp(a, "host=", 5)) snprintf(opt.host, sizeof opt.host, "%s", a + 5);
        else { fprintf(stderr, "unknown option %s\n", a); exit(2); }
    }
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(opt.core, &set);
    if (sched_setaffinity(0, sizeof set, &set)) fail("sched_setaffinity");
    board = mmap(NULL, (size_t)opt.board_words * 8, PROT_READ | PROT_WRITE, MAP_SHARED, opt.board_fd, 0);
    if (board == MAP_FAILED) fail("mmap of the board");
    samples_max = opt.board_words - DATA;
}

static inline int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/* The clock is read once for each packet of a latency run, behind the packet's arrival. */
static inline void take(const uint8_t *payload) {
    int64_t number, stamp;
    memcpy(&number, payload + opt.number_at, 8);
    if (number != board[NEXT]) board[DISORDER] += 1;
    board[NEXT] = number + 1;
    if (opt.latency && board[SAMPLES] < samples_max) {
        memcpy(&stamp, payload + opt.stamp_at, 8);
        board[DATA + board[SAMPLES]] = now_ns() - stamp;
        board[SAMPLES] += 1;
    }
}

static inline void look_again(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    __asm__ volatile("yield");
#endif
}
