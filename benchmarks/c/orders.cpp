// The book of orders that a C++ programmer writes first: std::unordered_map from an order's number to the order, and
// for each stock and side a std::map from price to a level with a std::list of its orders. Events are seven int64,
// as made by benchmarks/_orders_kernels.py. Built with the machine's g++, called through ctypes.
#include <cstdint>
#include <list>
#include <map>
#include <unordered_map>
#include <vector>

namespace {

struct Order;
using Queue = std::list<Order *>;

struct Level {
    int64_t size = 0;
    Queue orders;
};

using Side = std::map<int64_t, Level>;  // by the key: the price of a bid, its negative of an ask

struct Order {
    int64_t id, size;
    int32_t stock, side;
    Side::iterator level;
    Queue::iterator place;
};

struct Store {
    std::vector<Side> sides;
    std::unordered_map<int64_t, Order> orders;
};

void enter(Store &store, int64_t id, int64_t stock, int64_t side, int64_t price, int64_t size) {
    Side &levels = store.sides[2 * stock + side];
    auto level = levels.try_emplace(side ? -price : price).first;
    Order &order = store.orders[id];
    order = {id, size, (int32_t)stock, (int32_t)side, level, {}};
    level->second.size += size;
    order.place = level->second.orders.insert(level->second.orders.end(), &order);
}

void shrink(Store &store, std::unordered_map<int64_t, Order>::iterator found, int64_t size) {
    Order &order = found->second;
    Level &level = order.level->second;
    if (size <= 0 || size >= order.size) {
        level.size -= order.size;
        level.orders.erase(order.place);
        if (level.orders.empty()) store.sides[2 * order.stock + order.side].erase(order.level);
        store.orders.erase(found);
        return;
    }
    order.size -= size;
    level.size -= size;
}

}  // namespace

extern "C" {

void *make_store(int64_t stocks, int64_t orders) {
    auto *store = new Store;
    store->sides.resize(2 * stocks);
    store->orders.reserve(orders);
    return store;
}

void free_store(void *store) { delete (Store *)store; }

// Apply events; the sum over events of the stock's best bid and best ask afterwards.
int64_t apply_events(void *of, const int64_t *events, int64_t count) {
    Store &store = *(Store *)of;
    uint64_t sum = 0;
    for (const int64_t *event = events; event < events + 8 * count; event += 8) {
        int64_t kind = event[0], id = event[1], stock = event[2], side = event[3], price = event[4], size = event[5];
        if (kind == 'A') {
            enter(store, id, stock, side, price, size);
        } else {
            auto found = store.orders.find(id);
            if (found == store.orders.end()) continue;
            side = found->second.side;
            shrink(store, found, kind == 'X' || kind == 'E' ? size : 0);
            if (kind == 'U') enter(store, event[6], stock, side, price, size);
        }
        for (int64_t each = 0; each < 2; each++) {
            const Side &levels = store.sides[2 * stock + each];
            if (levels.empty()) continue;
            auto best = levels.rbegin();
            sum += (uint64_t)best->first * 31 + (uint64_t)best->second.size;
        }
    }
    return (int64_t)sum;
}
}
