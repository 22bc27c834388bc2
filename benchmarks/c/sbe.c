/* A plain decoder of CME's incremental refresh of books (template 46): messages behind their size to 64-byte records, what a
 * C programmer writes: a struct for an entry, the actions by a switch. It trusts lengths and counts, and that the number
 * of every security is an index. Like ours it follows the count of each instrument's changes and marks the end of an event.
 */
#include <stdint.h>
#include <string.h>

typedef struct {
    int64_t seq, ts_event_ns, ts_recv_ns;
    uint32_t instrument;
    uint8_t kind, side, action, flags;
    int64_t body[4];
} record_t;

typedef struct __attribute__((packed)) {
    int64_t price;
    int32_t size, security;
    uint32_t rpt;
    int32_t orders;
    uint8_t level, action, type;
} entry_t;

typedef struct {
    int64_t rpt, label, previous, open;
} instrument_t;

enum { LEVEL = 2, LAST = 128, MBP = 16, END = 0x84 };

/* Decode messages until one does not end in front of the end; the records written. The first message is of packet `label`, and
 * each one of the next. */
int64_t decode_messages(const uint8_t *data, int64_t bytes, int64_t ts_recv_ns, int64_t label, const int64_t *rows,
                        instrument_t *known, record_t *records, int64_t room) {
    const uint8_t *at = data, *end = data + bytes;
    record_t *out = records;
    while (at + 24 <= end) {
        uint16_t size, block, length;
        memcpy(&size, at, 2);
        memcpy(&block, at + 2, 2);
        const uint8_t *root = at + 10, *group = root + block;
        int64_t time;
        memcpy(&time, root, 8);
        int ends = root[8] & END;
        memcpy(&length, group, 2);
        int count = group[2];
        const uint8_t *each = group + 3;
        if (out + count > records + room) break;
        for (int i = 0; i < count; i++, each += length, out++) {
            entry_t entry;
            memcpy(&entry, each, sizeof entry);
            int64_t row = rows[entry.security];
            instrument_t *of = known + row;
            if (!of->open) {
                int whole = of->rpt == 0 || entry.rpt <= of->rpt + 1;
                of->previous = of->label && whole ? of->label : label - 1;
                of->label = of->open = label;
            }
            if (entry.rpt > of->rpt) of->rpt = entry.rpt;
            out->ts_event_ns = time;
            out->ts_recv_ns = ts_recv_ns;
            out->instrument = (uint32_t)row;
            out->kind = LEVEL;
            out->side = entry.type == '0' ? 'B' : 'A';
            out->flags = MBP;
            switch (entry.action) {
            case 0: out->action = 'A'; break;
            case 1: out->action = 'M'; break;
            default: out->action = 'C'; entry.size = 0;
            }
            out->body[0] = entry.price, out->body[1] = entry.size;
            out->body[2] = label, out->body[3] = of->previous;
        }
        if (ends && count) {
            out[-1].flags |= LAST;
            known[out[-1].instrument].open = 0;
        }
        label++;
        at += size;
    }
    return out - records;
}
