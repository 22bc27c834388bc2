/*
 * Blocking readers: the waiting word, the full fences, the futex or the eventfd, a writer killed
 * at any step. See wait.py for the protocol and for the flaw of its first design.
 *
 * Both sides store to one word only, so a queue of values on its way to memory is the whole of
 * their store buffers; a full fence waits until it is empty.
 *
 * -DUSE_EVENTFD makes the reader sleep on an eventfd. Break a rule with one of:
 *   -DONCE_A_TOKEN           one wake-up for each token, whatever the reader had seen
 *   -DNO_WRITER_FENCE        no full fence between published and the load of the waiting word
 *   -DNO_READER_FENCE        no full fence between the waiting word and the second look
 *   -DNO_SECOND_LOOK         the reader sleeps without looking again
 *   -DSILENT_SUCCESSOR       a successor neither publishes nor wakes on its own
 *   -DNOTE_BEFORE            the writer notes an answered word before the wake-up, not behind it
 */
#ifndef TOTAL
#define TOTAL 3
#endif
#ifndef WRITERS
#define WRITERS 2
#endif

#define AWAKE 255
#define TOKEN 16 /* token * TOKEN + seen: the word of the first design says both */
#define NOTHING 254

byte published;
byte waiting = AWAKE;
byte woken = NOTHING; /* the writer's, in shared memory: a successor inherits it */
chan published_pending = [2] of { byte };
chan waiting_pending = [2] of { byte };
bit is_asleep;
bit is_signalled;
byte dead;
byte alive;

active proctype Memory() {
end:
    do
    :: atomic { published_pending ? published }
    :: atomic { waiting_pending ? waiting }
    od
}

#ifdef ONCE_A_TOKEN
#define DUE(word, now) (word != AWAKE)
#else
#define DUE(word, now) (word != AWAKE && word % TOKEN < now)
#endif

inline wake() {
#ifdef USE_EVENTFD
    is_signalled = 1
#else
    /* The system call is a full barrier of its own. */
    atomic { empty(published_pending) -> is_asleep = 0 }
#endif
}

inline publish_next() {
    mine++;
    published_pending ! mine;
#ifndef NO_WRITER_FENCE
    empty(published_pending);
#endif
    word = waiting;
    if
#ifdef NOTE_BEFORE
    :: DUE(word, mine) && word != woken -> woken = word; wake()
#else
    :: DUE(word, mine) && word != woken -> wake(); woken = word
#endif
    :: else
    fi
}

proctype Writer(byte generation) {
    byte mine, word;
    {
        atomic {
            empty(published_pending);
            alive = generation;
            mine = published
        };
#ifndef SILENT_SUCCESSOR
        if
        :: generation > 0 -> publish_next()
        :: else
        fi;
#endif
        do
        :: mine < TOTAL -> publish_next()
        :: else -> break
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
    byte seen, look, token;
    do
    :: look = published;
        if
        :: look >= TOTAL -> break
        :: look > seen && look < TOTAL -> seen = look
        :: look == seen ->
#ifdef ONCE_A_TOKEN
            token++;
#endif
            waiting_pending ! (token * TOKEN + seen);
#ifndef NO_READER_FENCE
            empty(waiting_pending);
#endif
#ifndef NO_SECOND_LOOK
            look = published;
#endif
            if
            :: look == seen ->
#ifdef USE_EVENTFD
                atomic { is_signalled -> is_signalled = 0 }
#else
                /* FUTEX_WAIT: a full barrier, then compare and sleep as one step. */
                atomic {
                    empty(waiting_pending);
                    is_asleep = (published == seen)
                };
                !is_asleep
#endif
            :: else
            fi;
            waiting_pending ! AWAKE;
            look = 0
        fi
    od
}

init {
    run Writer(0)
}
