/* A plain decoder of Nasdaq ITCH 5.0: messages behind two bytes of length to 64-byte records, what a C programmer
 * writes: a switch over the types of the continuous market, offsets as the document has them. It trusts a message to
 * be as long as its type, and every stock to be known.
 */
#include <stdint.h>
#include <string.h>

typedef struct {
    int64_t seq, ts_event_ns, ts_recv_ns;
    uint32_t instrument;
    uint8_t kind, side, action, flags;
    int64_t body[4];
} record_t;

enum { TRADE = 1, ORDER = 3, LAST = 128 };
#define UNDEF INT64_MIN

static inline uint64_t be64(const uint8_t *p) {
    uint64_t value;
    memcpy(&value, p, 8);
    return __builtin_bswap64(value);
}

static inline uint32_t be32(const uint8_t *p) {
    uint32_t value;
    memcpy(&value, p, 4);
    return __builtin_bswap32(value);
}

static inline uint16_t be16(const uint8_t *p) {
    uint16_t value;
    memcpy(&value, p, 2);
    return __builtin_bswap16(value);
}

static inline record_t *put(record_t *out, int64_t ts_event_ns, int64_t ts_recv_ns, uint32_t instrument, uint8_t kind,
                            uint8_t side, uint8_t action, uint8_t flags, int64_t price, int64_t size, int64_t id) {
    out->ts_event_ns = ts_event_ns;
    out->ts_recv_ns = ts_recv_ns;
    out->instrument = instrument;
    out->kind = kind, out->side = side, out->action = action, out->flags = flags;
    out->body[0] = price, out->body[1] = size, out->body[2] = id, out->body[3] = UNDEF;
    return out + 1;
}

/* Decode messages until one does not end in front of the end, or the room might not do; the records written. */
int64_t decode_messages(const uint8_t *data, int64_t bytes, int64_t midnight_ns, int64_t ts_recv_ns, const int64_t *rows,
                        record_t *records, int64_t room) {
    const uint8_t *at = data, *end = data + bytes;
    record_t *out = records;
    while (at + 2 <= end && out + 2 <= records + room) {
        const uint8_t *m = at + 2;
        at = m + be16(at);
        if (at > end) break;
        int64_t time = midnight_ns + (int64_t)(be64(m + 3) & 0xFFFFFFFFFFFF);
        uint32_t row = (uint32_t)rows[be16(m + 1)];
        switch (m[0]) {
        case 'A':
        case 'F':
            out = put(out, time, ts_recv_ns, row, ORDER, m[19] == 'B' ? 'B' : 'A', 'A', LAST, be32(m + 32), be32(m + 20),
                      (int64_t)be64(m + 11));
            break;
        case 'E':
            out = put(out, time, ts_recv_ns, row, TRADE, 'N', 'T', 0, UNDEF, be32(m + 19), (int64_t)be64(m + 23));
            out = put(out, time, ts_recv_ns, row, ORDER, 'N', 'F', LAST, UNDEF, be32(m + 19), (int64_t)be64(m + 11));
            break;
        case 'C':
            if (m[31] != 'N')
                out = put(out, time, ts_recv_ns, row, TRADE, 'N', 'T', 0, be32(m + 32), be32(m + 19), (int64_t)be64(m + 23));
            out = put(out, time, ts_recv_ns, row, ORDER, 'N', 'F', LAST, UNDEF, be32(m + 19), (int64_t)be64(m + 11));
            break;
        case 'X':
            out = put(out, time, ts_recv_ns, row, ORDER, 'N', 'C', LAST, UNDEF, be32(m + 19), (int64_t)be64(m + 11));
            break;
        case 'D':
            out = put(out, time, ts_recv_ns, row, ORDER, 'N', 'C', LAST, UNDEF, UNDEF, (int64_t)be64(m + 11));
            break;
        case 'U':
            out = put(out, time, ts_recv_ns, row, ORDER, 'N', 'C', 0, UNDEF, UNDEF, (int64_t)be64(m + 11));
            out = put(out, time, ts_recv_ns, row, ORDER, 'N', 'A', LAST, be32(m + 31), be32(m + 27), (int64_t)be64(m + 19));
            break;
        case 'P':
            out = put(out, time, ts_recv_ns, row, TRADE, 'N', 'T', LAST, be32(m + 32), be32(m + 20), (int64_t)be64(m + 36));
            break;
        default: break;
        }
    }
    return out - records;
}
