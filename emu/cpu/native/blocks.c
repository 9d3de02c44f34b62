/* The block callback: charges what ran, decides, opens what is announced. See blocks.py. */
#include "native.h"

#include <string.h>

#define LINE_SHIFT 6
#define LONGEST_CODE 0x2000

enum stop { RUNNING, SPENT, ASKED, INTERRUPTIBLE, PROBED };
enum probe { COUNTING, STOPPING, RECORDING };   /* or only say what is announced, and stop or go on */

struct translation_block {
    uint64_t pc;
    uint16_t instructions;
    uint16_t size;
};

static void mark_code(void *engine, struct blocks *self, uint64_t linear, uint32_t size)
{
    uint64_t begin = linear, end = linear + (size ? size : 1);
    uint8_t code[LONGEST_CODE];
    uint32_t known = 0;

    self->save_context(engine, self->context);
    while (linear < end) {
        uint64_t next = (linear | 0xfff) + 1 < end ? (linear | 0xfff) + 1 : end;
        uint64_t start = physical(self, linear);
        uint64_t line, last = (start + (next - linear) - 1) >> LINE_SHIFT;
        if (self->counting && known == linear - begin && is_plain(self, start) && next - begin <= LONGEST_CODE) {
            memcpy(code + known, self->memory + start, next - linear);
            known += (uint32_t)(next - linear);
        }
        if (start < self->memory_size)
            for (line = start >> LINE_SHIFT; line <= last; line++)
                self->code_lines[line >> 6] |= 1ull << (line & 63);
        linear = next;
    }
    if (self->counting)
        self->notice(begin, known, code);
}

/* UC_HOOK_EDGE_GENERATED: a block was translated. */
void emu_on_edge(void *engine, struct translation_block *to, struct translation_block *from, struct blocks *self)
{
    (void)from;
    mark_code(engine, self, to->pc, to->size);
}

static enum stop decision(void *engine, struct blocks *self)
{
    uint64_t flags = 0;

    if (self->clock[0] >= self->clock[1])
        return SPENT;
    if (self->asked)
        return ASKED;
    if (self->wanted) {
        if (self->shadowed) {
            self->shadowed = 0;
            return RUNNING;
        }
        self->read_register(engine, (int)self->register_flags, &flags);
        if (flags & FLAG_IF)
            return INTERRUPTIBLE;
    }
    return RUNNING;
}

static void stop(void *engine, struct blocks *self, enum stop reason)
{
    self->stopped = reason;
    self->engine_stop(engine);
}

/* Only say what is announced. A step over MOV SS traps one instruction late: stop where that begins. */
static void probe(void *engine, uint64_t address, uint32_t size, struct blocks *self)
{
    int second = self->probed_size && address != self->probed_start;

    if (!second) {
        self->probed_start = address;
        self->probed_size = size;
        mark_code(engine, self, address, size);
    }
    if (self->probing == STOPPING || second)
        stop(engine, self, PROBED);
}

/* A block that may have been restarted, or is counted, or that somebody has a word to say about. */
static __attribute__((noinline, cold)) void
on_special_block(void *engine, uint64_t address, uint32_t size, struct blocks *self)
{
    uint64_t inside = address - self->start;
    /* Part of the open block, but not its tail: the engine restarts a block that stored into itself. */
    int restarted = inside < self->size && inside + size != self->size;
    uint64_t done = restarted ? inside : self->size;
    enum stop reason;

    if (self->probing) {
        probe(engine, address, size, self);
        return;
    }
    self->clock[0] += (int64_t)done;
    self->retired += (int64_t)done;
    if (self->counting && done)
        emu_count(self->counts, self->start, done);
    self->size = 0;
    reason = decision(engine, self);
    if (reason) {
        stop(engine, self, reason);
        return;
    }
    if (self->fresh) {
        self->fresh--;
        mark_code(engine, self, address, size);
    }
    self->start = address;
    self->opened = self->clock[0];
    self->size = size;
}

/* UC_HOOK_BLOCK: a block of `size` bytes at linear `address` is about to run. */
void emu_on_block(void *engine, uint64_t address, uint32_t size, struct blocks *self)
{
    uint32_t done = self->size;
    uint64_t inside = address - self->start;
    int64_t elapsed;

    if (__builtin_expect(self->attention || (inside < done && inside + size != done), 0)) {
        on_special_block(engine, address, size, self);
        return;
    }
    elapsed = self->clock[0] + done;
    self->clock[0] = elapsed;
    self->retired += done;
    if (__builtin_expect(elapsed >= self->clock[1], 0)) {
        self->size = 0;
        stop(engine, self, SPENT);
        return;
    }
    self->start = address;
    self->opened = elapsed;
    self->size = size;
}
