/*
 * The block callback, natively: what emu/cpu/blocks.py does in Python, for a nanosecond instead of 200.
 * And the privilege check before each IN and OUT, of emu/cpu/io_permission.py.
 *
 * A plain shared library, loaded by ctypes: no Python.h, no state of its own. The layouts of `struct
 * blocks` and `struct ports` are those of Cells and PortCells there; functions of the engine arrive as pointers.
 */
#include <stdint.h>
#include <stddef.h>

#define FLAG_IF 0x200
#define FLAG_VM 0x20000
#define HF_CS64 (1u << 15)
#define HF_LMA (1u << 14)
#define CR0_PG (1u << 31)
#define CR4_PSE (1u << 4)
#define CR4_PAE (1u << 5)
#define PRESENT 1u
#define LARGE 0x80u
#define PAGE_MASK 0x000ffffffffff000ull

enum stop { RUNNING, SPENT, ASKED, INTERRUPTIBLE, PROBED };
enum probe { COUNTING, STOPPING, RECORDING };   /* or only say what is announced, and stop or go on */

struct blocks {
    int64_t *clock;             /* elapsed, deadline: in ticks */
    int64_t retired;            /* bytes of guest code */
    uint64_t start;             /* of the open block, linear */
    uint32_t size;              /* of the open block; 0: none is open */
    union {
        uint32_t attention;     /* any of these: */
        struct {
            uint8_t asked;      /* somebody wants the engine to stop */
            uint8_t wanted;     /* the INTR pin */
            uint8_t probing;    /* enum probe */
            uint8_t fresh;      /* blocks to come that the edge hook may not announce */
        };
    };
    uint32_t stopped;           /* enum stop */
    uint32_t shadowed;          /* the next block runs in an interrupt shadow */
    uint32_t register_flags;    /* the engine's number for EFLAGS */
    uint32_t reserved_1;
    uint64_t probed_start;
    uint32_t probed_size;
    uint32_t hflags_at;         /* offsets in a saved context */
    uint32_t cr0_at;
    uint32_t reserved;
    void *context;
    uint8_t *memory;            /* RAM by physical address, as far as it is contiguous */
    uint64_t memory_size;
    uint8_t *code_pages;        /* a byte for each page of it: code was translated from there */
    int (*engine_stop)(void *engine);
    int (*read_register)(void *engine, int number, void *value);
    int (*save_context)(void *engine, void *context);
};

struct translation_block {
    uint64_t pc;
    uint16_t instructions;
    uint16_t size;
};

static uint64_t entry_at(const struct blocks *self, uint64_t address, unsigned width)
{
    if (address + width > self->memory_size)
        return 0;
    if (width == 4)
        return *(const uint32_t *)(self->memory + address);
    return *(const uint64_t *)(self->memory + address);
}

/* The physical address behind `linear`, or all ones; permissions do not matter here. */
static uint64_t physical(const struct blocks *self, uint64_t linear)
{
    const uint8_t *context = self->context;
    uint64_t cr0 = *(const uint64_t *)(context + self->cr0_at);
    uint64_t cr3 = *(const uint64_t *)(context + self->cr0_at + 24);
    uint64_t cr4 = *(const uint64_t *)(context + self->cr0_at + 32);
    uint32_t hidden = *(const uint32_t *)(context + self->hflags_at);
    uint64_t entry;
    int shift;

    if (!(cr0 & CR0_PG))
        return linear & 0xffffffffu;
    if (!(cr4 & CR4_PAE)) {
        entry = entry_at(self, (cr3 & 0xfffff000u) + (linear >> 22 & 1023) * 4, 4);
        if (!(entry & PRESENT))
            return ~0ull;
        if (entry & LARGE && cr4 & CR4_PSE)
            return (entry & 0xffc00000u) | (entry >> 13 & 0xff) << 32 | (linear & 0x3fffff);
        entry = entry_at(self, (entry & 0xfffff000u) + (linear >> 12 & 1023) * 4, 4);
        return entry & PRESENT ? (entry & 0xfffff000u) | (linear & 0xfff) : ~0ull;
    }
    entry = cr3 & (hidden & HF_LMA ? PAGE_MASK : 0xffffffe0u);
    for (shift = hidden & HF_LMA ? 39 : 30;; shift -= 9) {
        uint64_t index = linear >> shift & (shift == 30 && !(hidden & HF_LMA) ? 3 : 511);
        entry = entry_at(self, (entry & (shift == 30 && !(hidden & HF_LMA) ? ~31ull : PAGE_MASK)) + index * 8, 8);
        if (!(entry & PRESENT))
            return ~0ull;
        if (shift == 12 || (entry & LARGE && shift < 39 && (shift != 30 || hidden & HF_LMA))) {
            uint64_t offset = (1ull << shift) - 1;
            return (entry & PAGE_MASK & ~offset) | (linear & offset);
        }
    }
}

static void mark_code(void *engine, struct blocks *self, uint64_t linear, uint32_t size)
{
    uint64_t first, last;

    self->save_context(engine, self->context);
    first = physical(self, linear);
    last = physical(self, linear + (size ? size - 1 : 0));
    if (first < self->memory_size)
        self->code_pages[first >> 12] = 1;
    if (last < self->memory_size)
        self->code_pages[last >> 12] = 1;
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

/* A block that may have been restarted, or that somebody has a word to say about. */
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
    self->size = size;
}

struct ports {
    uint32_t (*in)(void *engine, uint32_t port, int size, uintptr_t restricted);
    void (*out)(void *engine, uint32_t port, int size, uint32_t value, uintptr_t restricted);
    int (*read_register)(void *engine, int number, void *value);
    uint32_t register_cr0;
    uint32_t register_cs;
    uint32_t register_flags;
    uint32_t reserved;
};

/* Whether privilege alone does not allow I/O: CPL > IOPL in protected mode, always in vm86. */
static uintptr_t restricted(void *engine, const struct ports *self)
{
    uint64_t value = 0;
    unsigned level;

    self->read_register(engine, (int)self->register_cr0, &value);
    if (!(value & 1))
        return 0;
    value = 0;
    self->read_register(engine, (int)self->register_cs, &value);
    level = value & 3;
    value = 0;
    self->read_register(engine, (int)self->register_flags, &value);
    return (value & FLAG_VM) != 0 || level > (value >> 12 & 3);
}

/* UC_HOOK_INSN for IN and OUT: the Python callback, told whether it has to look at the I/O bitmap. */
uint32_t emu_on_in(void *engine, uint32_t port, int size, struct ports *self)
{
    return self->in(engine, port, size, restricted(engine, self));
}

void emu_on_out(void *engine, uint32_t port, int size, uint32_t value, struct ports *self)
{
    self->out(engine, port, size, value, restricted(engine, self));
}
