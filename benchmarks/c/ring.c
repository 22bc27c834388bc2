/*
 * The physical limit: what two processes on two cores can do through shared memory, in C.
 *
 *   ring pingpong --samples N              one cache line, one word, back and forth
 *   ring hop      --samples N              a 64-byte record through a claimed/published ring, and back
 *   ring fanout   --messages N --readers R --batch B
 *                                          records to R readers; every byte written and read, lossless
 *   ring cost     --messages N --reader none|idle|lossy
 *                                          what a reader costs a writer that does not wait for it
 *
 * Common: --writer-core 0 --reader-core 1 --capacity 4096. All readers share the reader's core.
 *
 * The ring is the one of the project: two counters, each alone on two cache lines; `claimed` moves
 * before the records are written, `published` after. A lossless reader's position is on its own
 * line; the writer looks at it only when the ring seems full.
 *
 * Prints one JSON object. Times of `pingpong` and `hop` are half round trips in nanoseconds, from a
 * histogram with one bucket for each tick of the time-stamp counter, which is calibrated against
 * CLOCK_MONOTONIC (on other machines the ticks are CLOCK_MONOTONIC's own nanoseconds).
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

enum { LINE = 128, WORDS = 8, MAX_READERS = 64, BUCKETS = 1 << 20, WARM_UP = 20000 };

struct record {
    int64_t word[WORDS];
};

struct counter {
    _Alignas(LINE) _Atomic int64_t value;
    char rest[LINE - sizeof(int64_t)];
};

struct ring {
    struct counter claimed;
    struct counter published;
    struct counter position[MAX_READERS];
    struct counter finished_ns[MAX_READERS];
    struct counter digest[MAX_READERS];
    struct counter ready;
    struct counter go;
    int64_t capacity;
    _Alignas(4096) struct record records[];
};

struct options {
    int writer_core;
    int reader_core;
    int readers;
    int64_t samples;
    int64_t messages;
    int64_t batch;
    int64_t capacity;
    const char *reader;
};

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static inline void relax(void) {
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static inline int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static inline int64_t ticks(void) {
#if defined(__x86_64__)
    return (int64_t)__rdtsc();
#else
    return now_ns();
#endif
}

static double ns_per_tick(void) {
#if defined(__x86_64__)
    int64_t from_ns = now_ns(), from = ticks();
    while (now_ns() - from_ns < 100 * 1000 * 1000) {
    }
    int64_t to = ticks(), to_ns = now_ns();
    return (double)(to_ns - from_ns) / (double)(to - from);
#else
    return 1.0;
#endif
}

static void pin(int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) fail("sched_setaffinity");
}

static struct ring *new_ring(int64_t capacity) {
    size_t bytes = sizeof(struct ring) + (size_t)capacity * sizeof(struct record);
    struct ring *ring =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (ring == MAP_FAILED) fail("mmap");
    ring->capacity = capacity;
    return ring;
}

static pid_t start_child(void) {
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) prctl(PR_SET_PDEATHSIG, SIGKILL);
    return child;
}

static void reap(int children) {
    for (int i = 0; i < children; i++) {
        int status;
        if (wait(&status) < 0) fail("wait");
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            fprintf(stderr, "ring: a reader failed\n");
            exit(1);
        }
    }
}

/* Histograms of half round trips. */

struct histogram {
    int64_t count[BUCKETS];
    int64_t above;
    int64_t total;
    int64_t largest;
};

static void note(struct histogram *histogram, int64_t value) {
    if (value >= 0 && value < BUCKETS)
        histogram->count[value]++;
    else
        histogram->above++;
    if (value > histogram->largest) histogram->largest = value;
    histogram->total++;
}

static int64_t quantile(const struct histogram *histogram, double share) {
    int64_t wanted = (int64_t)(share * (double)histogram->total), seen = 0;
    for (int64_t value = 0; value < BUCKETS; value++) {
        seen += histogram->count[value];
        if (seen > wanted) return value;
    }
    return histogram->largest;
}

static void print_histogram(const char *mode, const struct histogram *h, double scale) {
    printf("{\"mode\": \"%s\", \"count\": %lld, \"min\": %.1f, \"p50\": %.1f, \"p90\": %.1f, "
           "\"p99\": %.1f, \"p999\": %.1f, \"max\": %.1f}\n",
           mode, (long long)h->total, quantile(h, 0.0) * scale, quantile(h, 0.5) * scale,
           quantile(h, 0.9) * scale, quantile(h, 0.99) * scale, quantile(h, 0.999) * scale,
           (double)h->largest * scale);
}

/* One word on a line of its own, there and back. */

static void pingpong(const struct options *options) {
    struct ring *ring = new_ring(0);
    _Atomic int64_t *there = &ring->claimed.value, *back = &ring->published.value;
    int64_t rounds = options->samples + WARM_UP;
    double scale = ns_per_tick() / 2.0;
    if (start_child() == 0) {
        pin(options->reader_core);
        for (int64_t i = 1; i <= rounds; i++) {
            while (atomic_load_explicit(there, memory_order_acquire) != i) relax();
            atomic_store_explicit(back, i, memory_order_release);
        }
        _exit(0);
    }
    pin(options->writer_core);
    struct histogram *histogram = calloc(1, sizeof *histogram);
    if (histogram == NULL) fail("calloc");
    int64_t before = ticks();
    for (int64_t i = 1; i <= rounds; i++) {
        atomic_store_explicit(there, i, memory_order_release);
        while (atomic_load_explicit(back, memory_order_acquire) != i) relax();
        int64_t after = ticks();
        if (i > WARM_UP) note(histogram, after - before);
        before = after;
    }
    reap(1);
    print_histogram("pingpong", histogram, scale);
}

/* The ring. */

static inline void write_records(struct ring *ring, int64_t first, int64_t count) {
    int64_t mask = ring->capacity - 1;
    atomic_store_explicit(&ring->claimed.value, first + count, memory_order_release);
    atomic_thread_fence(memory_order_release);
    while (count > 0) {
        /* A run without the seam, so that the compiler may use the widest stores it has. */
        int64_t at = first & mask, run = ring->capacity - at;
        if (run > count) run = count;
        struct record *restrict records = ring->records + at;
        for (int64_t i = 0; i < run; i++)
            for (int word = 0; word < WORDS; word++) records[i].word[word] = first + i;
        first += run;
        count -= run;
    }
}

static inline void publish(struct ring *ring, int64_t end) {
    atomic_store_explicit(&ring->published.value, end, memory_order_release);
}

static inline int64_t sum_records(const struct ring *ring, int64_t first, int64_t end) {
    int64_t mask = ring->capacity - 1, sum = 0;
    while (first < end) {
        int64_t at = first & mask, run = ring->capacity - at;
        if (run > end - first) run = end - first;
        const struct record *records = ring->records + at;
        for (int64_t i = 0; i < run; i++)
            for (int word = 0; word < WORDS; word++) sum += records[i].word[word];
        first += run;
    }
    return sum;
}

static inline int64_t overrun_below(struct ring *ring) {
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&ring->claimed.value, memory_order_acquire) - ring->capacity;
}

/* Spin; a reader that shares its core gives way after `patience` looks. */
static inline int64_t await(struct ring *ring, int64_t position, int64_t patience) {
    int64_t end, looks = 0;
    while ((end = atomic_load_explicit(&ring->published.value, memory_order_acquire)) <= position) {
        relax();
        if (++looks > patience) {
            sched_yield();
            looks = 0;
        }
    }
    return end;
}

static void hop(const struct options *options) {
    struct ring *there = new_ring(options->capacity), *back = new_ring(options->capacity);
    int64_t rounds = options->samples + WARM_UP;
    double scale = ns_per_tick() / 2.0;
    if (start_child() == 0) {
        pin(options->reader_core);
        int64_t sum = 0;
        for (int64_t i = 0; i < rounds; i++) {
            sum += sum_records(there, i, await(there, i, INT64_MAX));
            if (overrun_below(there) > i) _exit(1);
            write_records(back, i, 1);
            publish(back, i + 1);
        }
        _exit(sum == WORDS * (rounds * (rounds - 1) / 2) ? 0 : 1);
    }
    pin(options->writer_core);
    struct histogram *histogram = calloc(1, sizeof *histogram);
    if (histogram == NULL) fail("calloc");
    int64_t sum = 0, before = ticks();
    for (int64_t i = 0; i < rounds; i++) {
        write_records(there, i, 1);
        publish(there, i + 1);
        sum += sum_records(back, i, await(back, i, INT64_MAX));
        if (overrun_below(back) > i) exit(1);
        int64_t after = ticks();
        if (i >= WARM_UP) note(histogram, after - before);
        before = after;
    }
    reap(1);
    if (sum != WORDS * (rounds * (rounds - 1) / 2)) fail("hop: wrong bytes");
    print_histogram("hop", histogram, scale);
}

static int64_t slowest(struct ring *ring, int readers) {
    int64_t lowest = INT64_MAX;
    for (int i = 0; i < readers; i++) {
        int64_t at = atomic_load_explicit(&ring->position[i].value, memory_order_acquire);
        if (at < lowest) lowest = at;
    }
    return lowest;
}

/* Read until `total`; a lossless reader is never overrun, a lossy one skips what it lost. */
static void consume(struct ring *ring, const struct options *options, int index, int64_t total,
                    int is_lossy) {
    int64_t position = 0, sum = 0, batch = options->batch;
    int64_t patience = options->readers > 1 ? 100 : INT64_MAX;
    while (position < total) {
        int64_t end = await(ring, position, patience);
        if (end > position + batch) end = position + batch;
        int64_t part = sum_records(ring, position, end);
        int64_t oldest = overrun_below(ring);
        if (oldest > position) {
            if (!is_lossy) _exit(1);
            position = oldest + ring->capacity / 8;
            if (position > total) position = total;
            continue;
        }
        sum += part;
        position = end;
        atomic_store_explicit(&ring->position[index].value, position, memory_order_release);
    }
    ring->digest[index].value = sum;
    ring->finished_ns[index].value = now_ns();
}

static void wait_for(_Atomic int64_t *word, int64_t value) {
    while (atomic_load_explicit(word, memory_order_acquire) < value) sched_yield();
}

static void start_reader(struct ring *ring, const struct options *options, int index, int64_t total,
                         int is_lossy) {
    if (start_child() != 0) return;
    pin(options->reader_core);
    atomic_fetch_add(&ring->ready.value, 1);
    wait_for(&ring->go.value, 1);
    consume(ring, options, index, total, is_lossy);
    _exit(0);
}

static void produce(struct ring *ring, int64_t from, int64_t to, int64_t batch, int readers) {
    int64_t limit = (readers ? slowest(ring, readers) : INT64_MAX / 2) + ring->capacity;
    for (int64_t first = from; first < to;) {
        int64_t count = to - first < batch ? to - first : batch;
        while (first + count > limit) {
            limit = slowest(ring, readers) + ring->capacity;
            if (first + count > limit) relax();
        }
        write_records(ring, first, count);
        publish(ring, first + count);
        first += count;
    }
}

static void fanout(const struct options *options) {
    struct ring *ring = new_ring(options->capacity);
    int64_t warm_up = 2 * options->capacity, total = warm_up + options->messages;
    for (int i = 0; i < options->readers; i++) start_reader(ring, options, i, total, 0);
    pin(options->writer_core);
    wait_for(&ring->ready.value, options->readers);
    ring->go.value = 1;
    produce(ring, 0, warm_up, options->batch, options->readers);
    while (slowest(ring, options->readers) < warm_up) relax();
    int64_t from_ns = now_ns(), to_ns = 0;
    produce(ring, warm_up, total, options->batch, options->readers);
    reap(options->readers);
    for (int i = 0; i < options->readers; i++) {
        if (ring->finished_ns[i].value > to_ns) to_ns = ring->finished_ns[i].value;
        if (ring->digest[i].value != WORDS * (total * (total - 1) / 2)) fail("fanout: wrong bytes");
    }
    double seconds = (double)(to_ns - from_ns) / 1e9;
    printf("{\"mode\": \"fanout\", \"messages\": %lld, \"readers\": %d, \"batch\": %lld, "
           "\"seconds\": %.6f, \"per_second\": %.0f}\n",
           (long long)options->messages, options->readers, (long long)options->batch, seconds,
           (double)options->messages / seconds);
}

static void cost(const struct options *options) {
    struct ring *ring = new_ring(options->capacity);
    int64_t warm_up = 2 * options->capacity, total = warm_up + options->messages;
    int has_reader = strcmp(options->reader, "none") != 0, is_lossy = !strcmp(options->reader, "lossy");
    pid_t idle = 0;
    if (is_lossy) {
        start_reader(ring, options, 0, total, 1);
        wait_for(&ring->ready.value, 1);
    } else if (has_reader) {
        idle = start_child();
        if (idle == 0) {
            pause();
            _exit(0);
        }
    }
    pin(options->writer_core);
    ring->go.value = 1;
    produce(ring, 0, warm_up, options->batch, 0);
    int64_t from_ns = now_ns();
    produce(ring, warm_up, total, options->batch, 0);
    double seconds = (double)(now_ns() - from_ns) / 1e9;
    if (idle) {
        kill(idle, SIGKILL);
        waitpid(idle, NULL, 0);
    } else {
        reap(has_reader);
    }
    printf("{\"mode\": \"cost\", \"reader\": \"%s\", \"messages\": %lld, \"batch\": %lld, "
           "\"seconds\": %.6f, \"per_second\": %.0f}\n",
           options->reader, (long long)options->messages, (long long)options->batch, seconds,
           (double)options->messages / seconds);
}

static int64_t number(const char *name, const char *text) {
    char *end;
    long long value = strtoll(text, &end, 10);
    if (*end != '\0' || value < 0) {
        fprintf(stderr, "ring: %s needs a number that is not negative, got %s\n", name, text);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv) {
    struct options options = {.writer_core = 0, .reader_core = 1, .readers = 1, .samples = 1000000,
                              .messages = 50000000, .batch = 64, .capacity = 4096, .reader = "none"};
    for (int i = 2; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        if (!strcmp(name, "--writer-core")) options.writer_core = (int)number(name, value);
        else if (!strcmp(name, "--reader-core")) options.reader_core = (int)number(name, value);
        else if (!strcmp(name, "--readers")) options.readers = (int)number(name, value);
        else if (!strcmp(name, "--samples")) options.samples = number(name, value);
        else if (!strcmp(name, "--messages")) options.messages = number(name, value);
        else if (!strcmp(name, "--batch")) options.batch = number(name, value);
        else if (!strcmp(name, "--capacity")) options.capacity = number(name, value);
        else if (!strcmp(name, "--reader")) options.reader = value;
        else {
            fprintf(stderr, "ring: unknown option %s\n", name);
            return 2;
        }
    }
    if (options.readers < 1 || options.readers > MAX_READERS || options.batch < 1 ||
        options.capacity < 2 || (options.capacity & (options.capacity - 1)) ||
        options.batch > options.capacity / 2) {
        fprintf(stderr, "ring: readers 1..%d, capacity a power of two, batch at most half of it\n",
                MAX_READERS);
        return 2;
    }
    const char *mode = argc > 1 ? argv[1] : "";
    if (!strcmp(mode, "pingpong")) pingpong(&options);
    else if (!strcmp(mode, "hop")) hop(&options);
    else if (!strcmp(mode, "fanout")) fanout(&options);
    else if (!strcmp(mode, "cost")) cost(&options);
    else {
        fprintf(stderr, "usage: ring pingpong|hop|fanout|cost [--option value]...\n");
        return 2;
    }
    return 0;
}
