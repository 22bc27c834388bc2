/* AF_XDP in C with raw system calls: the limit for zerofeed's AF_XDP receiver.
 *
 * The program and its map come from the benchmark, the same bytes that zerofeed attaches. One queue,
 * copy mode, chunks of 2048, as many chunks and descriptors as zerofeed's. A chunk goes back to the
 * kernel as soon as its packet has been looked at: nothing is kept for readers, nothing is parsed, no
 * descriptor is written. That is what zerofeed does more, and this does not.
 */
#include "wire.h"
#include <linux/if_xdp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#ifndef SOL_XDP
#define SOL_XDP 283
#endif
#define CHUNK 2048
#define PAYLOAD_AT 42
#define MAP_UPDATE_ELEM 2
#define PATIENCE_NS 3000000000ll

struct ring { uint32_t *producer, *consumer, *flags; void *entries; uint32_t mask; };

static void *map_ring(int fd, uint64_t where, const struct xdp_ring_offset *at, uint32_t entries,
                      size_t size, struct ring *ring) {
    uint8_t *p = mmap(NULL, at->desc + entries * size, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_POPULATE, fd, (off_t)where);
    if (p == MAP_FAILED) fail("mmap of a ring");
    ring->producer = (uint32_t *)(p + at->producer);
    ring->consumer = (uint32_t *)(p + at->consumer);
    ring->flags = (uint32_t *)(p + at->flags);
    ring->entries = p + at->desc;
    ring->mask = entries - 1;
    return p;
}

static void set(int fd, int option, const void *value, socklen_t size) {
    if (setsockopt(fd, SOL_XDP, option, value, size)) fail("setsockopt");
}

int main(int argc, char **argv) {
    start(argc, argv);
    uint32_t chunks = opt.chunks, fill_entries = chunks, rx_entries = chunks / 2, completions = 64;
    int fd = socket(AF_XDP, SOCK_RAW, 0);
    if (fd < 0) fail("socket");
    uint8_t *umem = mmap(NULL, (size_t)chunks * CHUNK, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (umem == MAP_FAILED) fail("mmap");
    struct xdp_umem_reg reg = {.addr = (uint64_t)umem, .len = (uint64_t)chunks * CHUNK, .chunk_size = CHUNK};
    set(fd, XDP_UMEM_REG, &reg, sizeof reg);
    set(fd, XDP_UMEM_FILL_RING, &fill_entries, 4);
    set(fd, XDP_UMEM_COMPLETION_RING, &completions, 4);
    set(fd, XDP_RX_RING, &rx_entries, 4);
    struct xdp_mmap_offsets at;
    socklen_t length = sizeof at;
    if (getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &length)) fail("XDP_MMAP_OFFSETS");
    struct ring rx, fill;
    map_ring(fd, XDP_PGOFF_RX_RING, &at.rx, rx_entries, sizeof(struct xdp_desc), &rx);
    map_ring(fd, XDP_UMEM_PGOFF_FILL_RING, &at.fr, fill_entries, 8, &fill);
    uint64_t *gives = fill.entries;
    for (uint32_t i = 0; i < chunks; i++) gives[i] = (uint64_t)i * CHUNK;
    __atomic_store_n(fill.producer, chunks, __ATOMIC_RELEASE);
    struct sockaddr_xdp name = {.sxdp_family = AF_XDP, .sxdp_flags = XDP_COPY | XDP_USE_NEED_WAKEUP,
                                .sxdp_ifindex = opt.ifindex, .sxdp_queue_id = 0};
    int64_t deadline = now_ns() + PATIENCE_NS;
    while (bind(fd, (struct sockaddr *)&name, sizeof name)) {
        if (errno != EBUSY || now_ns() > deadline) fail("bind");
        usleep(2000);
    }
    struct { uint32_t map_fd, pad; uint64_t key, value, flags; } attr = {.map_fd = opt.map_fd};
    uint32_t key = 0, value = fd;
    attr.key = (uint64_t)&key;
    attr.value = (uint64_t)&value;
    if (syscall(__NR_bpf, MAP_UPDATE_ELEM, &attr, sizeof attr)) fail("bpf");

    const struct xdp_desc *descriptors = rx.entries;
    uint32_t consumer = 0, producer = chunks;
    struct pollfd waits = {.fd = fd, .events = POLLIN};
    int64_t received = 0;
    board[READY] = 1;
    while (!board[STOP]) {
        uint32_t ready = __atomic_load_n(rx.producer, __ATOMIC_ACQUIRE) - consumer;
        if (!ready) {
            if (__atomic_load_n(fill.flags, __ATOMIC_ACQUIRE) & XDP_RING_NEED_WAKEUP)
                recvfrom(fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
            if (opt.busy) look_again();
            else poll(&waits, 1, 50);
            continue;
        }
        if (ready > (uint32_t)opt.batch) ready = opt.batch;
        for (uint32_t i = 0; i < ready; i++) {
            const struct xdp_desc *each = &descriptors[(consumer + i) & rx.mask];
            take(umem + each->addr + PAYLOAD_AT);
            gives[(producer + i) & fill.mask] = each->addr & ~(uint64_t)(CHUNK - 1);
        }
        consumer += ready;
        producer += ready;
        __atomic_store_n(rx.consumer, consumer, __ATOMIC_RELEASE);
        __atomic_store_n(fill.producer, producer, __ATOMIC_RELEASE);
        received += ready;
        board[RECEIVED] = received;
    }
    struct xdp_statistics counted;
    length = sizeof counted;
    if (getsockopt(fd, SOL_XDP, XDP_STATISTICS, &counted, &length)) fail("XDP_STATISTICS");
    board[LOST] = counted.rx_dropped + counted.rx_ring_full;
    return 0;
}
