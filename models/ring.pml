/*
 * The ring: claimed and published counters, a lossy reader, a writer killed at any step.
 *
 * A record is two words, head and tail. A word holds its sequence number and the generation of
 * the writer that wrote it. `published_by` remembers, outside the protocol, which generation
 * published each record.
 *
 * Break a rule with one of:
 *   -DNO_RELEASE_FENCE       no release fence after the claim
 *   -DPUBLISH_EARLY          published is stored, plain, before the data
 *   -DPUBLISH_PLAIN          published is stored after the data, but plain
 *   -DPLAIN_PUBLISHED_LOAD   published is loaded without acquire
 *   -DNO_ACQUIRE_FENCE       no acquire fence between the last word and the load of claimed
 *   -DCLAIM_MAY_FALL         a successor lowers claimed
 *   -DCLAIM_LEFT_OUT         a claim is left out although its last record was not claimed before
 */
#ifndef CAPACITY
#define CAPACITY 2
#endif
#ifndef TOTAL
#define TOTAL 4
#endif
#ifndef WRITERS
#define WRITERS 2
#endif

#define CLAIMED 0
#define PUBLISHED 1
#define HEAD(sequence) (2 + 2 * ((sequence) % CAPACITY))
#define TAIL(sequence) (3 + 2 * ((sequence) % CAPACITY))
#define LOCATIONS (2 + 2 * CAPACITY)
#define PENDING 8
#include "memory.inc"

#define WORD(sequence, generation) (1 + (sequence) + 16 * (generation))

byte published_by[TOTAL];
byte dead;  /* generations killed so far */
byte alive; /* the generation that runs */

inline publish(value) {
    atomic {
#if !defined(PUBLISH_PLAIN) && !defined(PUBLISH_EARLY)
        release_fence();
#endif
        pending < PENDING ->
        /* Noted when the store is issued: from here on it cannot be taken back. */
        index = published;
        do
        :: index < value -> published_by[index] = generation; index++
        :: else -> break
        od;
        index = 0;
        published = value;
        store(PUBLISHED, value)
    }
}

proctype Writer(byte generation) {
    byte published, claimed, wanted, sequence, index;
    {
        atomic {
            /* The kernel ended the predecessor before it told anyone: its stores are in memory. */
            full_fence();
            alive = generation;
            published = memory[PUBLISHED];
            claimed = memory[CLAIMED]
        };
        do
        :: atomic {
            published < TOTAL ->
            wanted = published + 1;
            do
            :: wanted < published + CAPACITY && wanted < TOTAL -> wanted++
            :: break
            od;
            if
#ifdef CLAIM_MAY_FALL
            :: true ->
#else
#ifdef CLAIM_LEFT_OUT
            :: wanted > claimed + 1 ->
#else
            :: wanted > claimed ->
#endif
#endif
                /* As much as is needed, or one more: the next claim may find itself made. */
                if
                :: claimed = wanted
                :: claimed = wanted + 1
                fi;
                store(CLAIMED, claimed);
#ifndef NO_RELEASE_FENCE
                release_fence();
#endif
            :: else
            fi;
            sequence = published
        };
#ifdef PUBLISH_EARLY
            publish(wanted);
#endif
            do
            :: atomic { sequence < wanted -> store(HEAD(sequence), WORD(sequence, generation)) };
                atomic { store(TAIL(sequence), WORD(sequence, generation)); sequence++ }
            :: atomic { sequence >= wanted -> break }
            od;
#ifndef PUBLISH_EARLY
            publish(wanted);
#endif
        :: atomic { published >= TOTAL -> break }
        od
    } unless {
        dead > generation
    };
    if
    :: dead > generation -> run Writer(generation + 1)
    :: else
    fi
}

active proctype Killer() {
    do
    :: dead < WRITERS - 1 && dead == alive -> dead++
    :: break
    od
}

active proctype Reader() {
    byte position, end_, claimed, missed, sequence, slot;
    byte head[CAPACITY], tail[CAPACITY];
    byte left; /* words still to load */
    bit has_end, has_claimed;
    bit has_head[CAPACITY], has_tail[CAPACITY];

    do
    :: position < TOTAL ->
        left = 2 * CAPACITY;
        do
#ifdef PLAIN_PUBLISHED_LOAD
#define MAY_LOAD 1
        :: !has_end -> end_ = memory[PUBLISHED]; has_end = 1
#else
#define MAY_LOAD has_end
        :: atomic {
            !has_end && memory[PUBLISHED] > position ->
            end_ = memory[PUBLISHED];
            has_end = 1;
            /* A slot that holds nothing between position and end is not looked at. */
            if
            :: end_ == position + 1 && CAPACITY > 1 ->
                slot = end_ % CAPACITY;
                has_head[slot] = 1;
                has_tail[slot] = 1;
                left = left - 2;
                slot = 0
            :: else
            fi
        }
#endif
        :: atomic { MAY_LOAD && !has_head[0] -> head[0] = memory[HEAD(0)]; has_head[0] = 1; left-- }
        :: atomic { MAY_LOAD && !has_tail[0] -> tail[0] = memory[TAIL(0)]; has_tail[0] = 1; left-- }
#if CAPACITY > 1
        :: atomic { MAY_LOAD && !has_head[1] -> head[1] = memory[HEAD(1)]; has_head[1] = 1; left-- }
        :: atomic { MAY_LOAD && !has_tail[1] -> tail[1] = memory[TAIL(1)]; has_tail[1] = 1; left-- }
#endif
#ifdef NO_ACQUIRE_FENCE
        :: MAY_LOAD && !has_claimed -> atomic { claimed = memory[CLAIMED]; has_claimed = 1 }
        :: has_end && has_claimed && left == 0 -> break
#else
        :: atomic { has_end && left == 0 -> claimed = memory[CLAIMED]; break }
#endif
        od;
        atomic {
            missed = (claimed > position + CAPACITY -> claimed - position - CAPACITY : 0);
            sequence = position + missed;
            if
            :: end_ > CAPACITY && sequence < end_ - CAPACITY -> sequence = end_ - CAPACITY
            :: else
            fi;
            do
            :: sequence < end_ ->
                slot = sequence % CAPACITY;
                assert(head[slot] == tail[slot]); /* never torn */
                assert(head[slot] == WORD(sequence, published_by[sequence])); /* never another */
                sequence++
            :: else -> break
            od;
            position = (end_ > position + missed -> end_ : position + missed);
            end_ = 0; claimed = 0; missed = 0; sequence = 0; slot = 0; left = 0;
            has_end = 0; has_claimed = 0;
            head[0] = 0; tail[0] = 0; has_head[0] = 0; has_tail[0] = 0;
#if CAPACITY > 1
            head[1] = 0; tail[1] = 0; has_head[1] = 0; has_tail[1] = 0
#endif
        }
    :: else -> break
    od
}

init {
    run Writer(0)
}
