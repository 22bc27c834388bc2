/* A plain scanner of Binance's messages: bytes to 64-byte records, one pass, what a C programmer writes.
 *
 * Any order of the keys of "data", unknown keys and nested values are stepped over; numbers in quotation marks
 * or bare are read digit by digit into scaled integers. It trusts the message to be well formed.
 */
#include <stdint.h>
#include <string.h>

typedef struct {
    int64_t seq, ts_event_ns, ts_recv_ns;
    uint32_t instrument;
    uint8_t kind, side, action, flags;
    int64_t body[4];
} record_t;

enum { TRADE = 1, LEVEL = 2, QUOTE = 4 };

static const char *skip_value(const char *p) {
    int depth = 0;
    for (;; p++) {
        if (*p == '"') {
            for (p++; *p != '"'; p++)
                if (*p == '\\') p++;
            if (depth == 0) return p + 1;
        } else if (*p == '{' || *p == '[') {
            depth++;
        } else if (*p == '}' || *p == ']') {
            if (depth == 0) return p;
            if (--depth == 0) return p + 1;
        } else if (*p == ',' && depth == 0) {
            return p;
        }
    }
}

/* A decimal at 10**-decimals. */
static const char *number(const char *p, int decimals, int64_t *out) {
    int64_t value = 0;
    int quoted = *p == '"', negative = 0, left = decimals;
    p += quoted;
    if (*p == '-') negative = 1, p++;
    while (*p >= '0' && *p <= '9') value = value * 10 + (*p++ - '0');
    if (*p == '.') {
        p++;
        while (*p >= '0' && *p <= '9') {
            value = value * 10 + (*p++ - '0');
            left--;
        }
    }
    while (left-- > 0) value *= 10;
    *out = negative ? -value : value;
    return p + quoted;
}

static uint32_t symbol_hash(const char *p, const char *end) {
    uint32_t hash = 2166136261u;
    while (p < end) hash = (hash ^ (uint8_t)*p++) * 16777619u;
    return hash;
}

static const char *levels(const char *p, uint8_t side, record_t *out, int64_t *count) {
    p++;
    while (*p != ']') {
        if (*p == ',') p++;
        record_t *record = out + *count;
        p = number(p + 1, 8, &record->body[0]);
        p = number(p + 1, 8, &record->body[1]);
        while (*p != ']') p++;
        p++;
        record->kind = LEVEL;
        record->side = side;
        record->action = record->body[1] ? 'M' : 'C';
        record->flags = 0;
        ++*count;
    }
    return p + 1;
}

/* Scan one message; the records written. */
int64_t scan_one(const char *p, int64_t ts_recv_ns, record_t *out) {
    int64_t event_ms = 0, time_ms = 0, first = 0, last = 0, id = 0, price = 0, size = 0;
    int64_t bid = 0, ask = 0, bid_size = 0, ask_size = 0, count = 0;
    uint32_t instrument = 0;
    uint8_t side = 'N', event = 0;
    for (p++; memcmp(p, "\"data\":", 7); p++) p = skip_value(skip_value(p) + 1);
    p += 7;
    while (*p != '}') {
        p++; /* { or , */
        char key = p[1];
        int is_short = p[2] == '"';
        if (!is_short) {
            p = skip_value(skip_value(p) + 1);
            continue;
        }
        p += 4;
        switch (key) {
        case 'e': event = (uint8_t)p[1]; p = skip_value(p); break;
        case 'E': p = number(p, 0, &event_ms); break;
        case 'T': p = number(p, 0, &time_ms); break;
        case 's': {
            const char *end = skip_value(p);
            instrument = symbol_hash(p + 1, end - 1);
            p = end;
            break;
        }
        case 't': p = number(p, 0, &id); break;
        case 'p': p = number(p, 8, &price); break;
        case 'q': p = number(p, 8, &size); break;
        case 'm': side = *p == 't' ? 'A' : 'B'; p = skip_value(p); break;
        case 'U': p = number(p, 0, &first); break;
        case 'u': p = number(p, 0, &last); break;
        case 'b': p = *p == '[' ? levels(p, 'B', out, &count) : number(p, 8, &bid); break;
        case 'a': p = *p == '[' ? levels(p, 'A', out, &count) : number(p, 8, &ask); break;
        case 'B': p = number(p, 8, &bid_size); break;
        case 'A': p = number(p, 8, &ask_size); break;
        default: p = skip_value(p);
        }
    }
    if (event == 'd') {
        for (int64_t i = 0; i < count; i++) {
            out[i].ts_event_ns = event_ms * 1000000;
            out[i].ts_recv_ns = ts_recv_ns;
            out[i].instrument = instrument;
            out[i].body[2] = last;
            out[i].body[3] = first - 1;
        }
        if (count) out[count - 1].flags = 128;
        return count;
    }
    out->ts_event_ns = (time_ms ? time_ms : event_ms) * 1000000;
    out->ts_recv_ns = ts_recv_ns;
    out->instrument = instrument;
    out->side = side;
    out->action = 'N';
    out->flags = 0;
    if (event == 't') {
        out->kind = TRADE;
        out->body[0] = price, out->body[1] = size, out->body[2] = id;
    } else {
        out->kind = QUOTE;
        out->body[0] = bid, out->body[1] = bid_size, out->body[2] = ask, out->body[3] = ask_size;
    }
    return 1;
}

/* Scan messages from the first on until the room might not do; the records written. */
int64_t scan_many(const char *data, const int64_t *offsets, const int64_t *times_ns, int64_t messages,
                  record_t *out, int64_t room, int64_t most) {
    int64_t stored = 0;
    for (int64_t i = 0; i < messages && stored + most <= room; i++)
        stored += scan_one(data + offsets[i], times_ns[i], out + stored);
    return stored;
}
