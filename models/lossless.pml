/*
 * The lossless mode: the writer waits for its readers, or degrades them by name.
 *
 * A record is one word. Patience is not a time: it may run out whenever the writer has to wait.
 * `was_degraded` remembers, outside the protocol, who was degraded when the latest claim was made.
 *
 * Break a rule with one of:
 *   -DFASTEST            the writer waits for the fastest reader only
 *   -DUNNAMED            a reader is passed without being degraded
 *   -DPOSITION_EARLY     a reader's position moves before it has read
 *   -DUNCHECKED          a lossless reader does not look at claimed
 *   -DENDLESS_PATIENCE -DREADERS_STOP    the writer waits for ever on a reader that stopped
 */
#ifndef CAPACITY
#define CAPACITY 2
#endif
#ifndef TOTAL
#define TOTAL 4
#endif
#ifndef READERS
#define READERS 2
#endif

#define CLAIMED 0
#define PUBLISHED 1
#define SLOT(sequence) (2 + (sequence) % CAPACITY)
#define LOCATIONS (2 + CAPACITY)
#define PENDING 8
#include "memory.inc"

byte position[READERS];
bit is_degraded[READERS];
byte passed_at[READERS]; /* claim that degraded the reader first, or 0 */

#ifdef FASTEST
#define NEEDED_BY_OTHER (!is_degraded[0] && position[0] + CAPACITY < wanted \
    && !is_degraded[READERS - 1] && position[READERS - 1] + CAPACITY < wanted)
#else
#define NEEDED_BY_OTHER ((!is_degraded[0] && position[0] + CAPACITY < wanted) \
    || (!is_degraded[READERS - 1] && position[READERS - 1] + CAPACITY < wanted))
#endif

proctype Writer() {
    byte published, wanted, sequence, reader;
    do
    :: atomic {
        published < TOTAL ->
        wanted = published + 1;
        do
        :: wanted < published + CAPACITY && wanted < TOTAL -> wanted++
        :: break
        od
    };
        if
        :: !NEEDED_BY_OTHER
#ifndef ENDLESS_PATIENCE
        :: NEEDED_BY_OTHER ->
            atomic {
                reader = 0;
                do
                :: reader < READERS ->
#ifndef UNNAMED
                    if
                    :: !is_degraded[reader] && position[reader] + CAPACITY < wanted ->
                        is_degraded[reader] = 1;
                        passed_at[reader] = wanted
                    :: else
                    fi;
#endif
                    reader++
                :: else -> break
                od
            }
#endif
        fi;
        atomic {
            store(CLAIMED, wanted);
            release_fence();
            sequence = published
        };
        do
        :: atomic { sequence < wanted -> store(SLOT(sequence), sequence + 1); sequence++ }
        :: atomic { sequence >= wanted -> break }
        od;
        atomic {
            release_fence();
            store(PUBLISHED, wanted);
            published = wanted
        }
    :: atomic { published >= TOTAL -> break }
    od
}

proctype Reader(byte name) {
    byte at_, end_, claimed, missed, sequence, left;
    byte word[CAPACITY];
    bit has[CAPACITY];
    do
    :: at_ < TOTAL ->
#ifdef READERS_STOP
        if
        :: break
        :: skip
        fi;
#endif
        atomic {
            memory[PUBLISHED] > at_ -> end_ = memory[PUBLISHED];
            left = CAPACITY
        };
#ifdef POSITION_EARLY
        position[name] = end_;
#endif
        do
        :: atomic { !has[0] -> word[0] = memory[SLOT(0)]; has[0] = 1; left-- }
        :: atomic { !has[1] -> word[1] = memory[SLOT(1)]; has[1] = 1; left-- }
        :: atomic { left == 0 -> claimed = memory[CLAIMED]; break }
        od;
        atomic {
#ifdef UNCHECKED
            missed = 0;
#else
            missed = (claimed > at_ + CAPACITY -> claimed - at_ - CAPACITY : 0);
#endif
            /* No loss by a claim made before this reader was degraded. */
            assert(missed == 0 || (passed_at[name] > 0 && claimed >= passed_at[name]));
            sequence = at_ + missed;
            if
            :: end_ > CAPACITY && sequence < end_ - CAPACITY -> sequence = end_ - CAPACITY
            :: else
            fi;
            do
            :: sequence < end_ ->
                assert(word[sequence % CAPACITY] == sequence + 1);
                sequence++
            :: else -> break
            od;
            at_ = (end_ > at_ + missed -> end_ : at_ + missed);
#ifndef POSITION_EARLY
            position[name] = at_;
#endif
            end_ = 0; claimed = 0; missed = 0; sequence = 0;
            word[0] = 0; word[1] = 0; has[0] = 0; has[1] = 0
        }
    :: else -> break
    od
}

init {
    atomic {
        run Writer();
        run Reader(0);
#if READERS > 1
        run Reader(1)
#endif
    }
}
