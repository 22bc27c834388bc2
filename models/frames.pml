/*
 * Frames: publishing slot S retires the frame of slot S - DEPTH, which goes back to the kernel.
 *
 * The worker stores through `memory.inc`; the kernel's own stores become visible at once, in
 * order, which is kinder than the machine but does not touch the rule in question: a frame is
 * rewritten only after the claim that retires it is visible.
 *
 * Break a rule with one of:
 *   -DRECYCLE_EARLY      the frame goes back before the claim
 *   -DNO_FENCE           no fence of any kind between the claim and the frame's return
 *   -DNO_ACQUIRE_FENCE   no acquire fence between the last word of the frame and claimed
 */
#ifndef DEPTH
#define DEPTH 2
#endif
#ifndef TOTAL
#define TOTAL 4
#endif
#define FRAMES (DEPTH + 1)

#define CLAIMED 0
#define PUBLISHED 1
#define FILLED 2 /* frames ever given to the kernel */
#define SLOT(sequence) (3 + (sequence) % DEPTH)
#define LOCATIONS (3 + DEPTH)
#define PENDING 8
#include "memory.inc"

byte head[FRAMES];
byte tail[FRAMES];
byte received;
byte frame_of[TOTAL];

active proctype Kernel() {
    byte frame;
    do
    :: received < TOTAL ->
        atomic {
            received < FRAMES + memory[FILLED] ->
            if
            :: received < FRAMES -> frame = received
            :: else -> frame = frame_of[received - FRAMES] /* frames come back in order */
            fi
        };
        head[frame] = received + 1;
        tail[frame] = received + 1;
        atomic { frame_of[received] = frame; received++ }
    :: else -> break
    od
}

inline recycle() {
    if
    :: published >= DEPTH ->
        store(FILLED, published - DEPTH + 1)
    :: else
    fi
}

active proctype Worker() {
    byte published;
    do
    :: published < TOTAL ->
        received > published;
#ifdef RECYCLE_EARLY
        recycle();
#endif
        store(CLAIMED, published + 1);
#ifndef NO_FENCE
        full_fence();
#endif
#ifndef RECYCLE_EARLY
        recycle();
#endif
        release_fence();
        store(SLOT(published), frame_of[published] + 1);
        atomic {
            release_fence();
            store(PUBLISHED, published + 1);
            published++
        }
    :: else -> break
    od
}

active proctype Reader() {
    byte position, frame, first, last, claimed;
    bit has_first, has_last, has_claimed;
    do
    :: position < TOTAL ->
        memory[PUBLISHED] > position;
        atomic {
            frame = memory[SLOT(position)];
            frame > 0 && frame <= FRAMES -> frame-- /* checked: it may be any slot's by now */
        };
        do
        :: atomic { !has_first -> first = head[frame]; has_first = 1 }
        :: atomic { !has_last -> last = tail[frame]; has_last = 1 }
#ifdef NO_ACQUIRE_FENCE
        :: atomic { !has_claimed -> claimed = memory[CLAIMED]; has_claimed = 1 }
        :: has_first && has_last && has_claimed -> break
#else
        :: atomic { has_first && has_last -> claimed = memory[CLAIMED]; break }
#endif
        od;
        atomic {
            if
            :: claimed <= position + DEPTH ->
                assert(first == position + 1);
                assert(last == position + 1);
                position++
            :: else -> position = claimed - DEPTH
            fi;
            frame = 0; first = 0; last = 0; claimed = 0;
            has_first = 0; has_last = 0; has_claimed = 0
        }
    :: else -> break
    od
}
