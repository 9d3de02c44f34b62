/*
 * The block callback, natively: what emu/cpu/blocks.py does in Python, for a nanosecond instead of 200.
 * And before each IN and OUT the privilege check of emu/cpu/io_permission.py and the runs of elements of
 * emu/cpu/port_instructions.py.
 *
 * A plain shared library, loaded by ctypes: no Python.h, no state of its own. The layouts of `struct
 * blocks` and `struct ports` are those of Cells and PortCells there; functions of the engine arrive as pointers.
 */
#include <stdint.h>
#include <stddef.h>

#define FLAG_IF 0x200
#define FLAG_VM 0x20000
#define HF_CS32 (1u << 4)
#define HF_CS64 (1u << 15)
#define HF_LMA (1u << 14)
#define CR0_PG (1u << 31)
#define CR4_PSE (1u << 4)
#define CR4_PAE (1u << 5)
#define PRESENT 1u
#define LARGE 0x80u
#define FIRST_SPECIAL 0xa0000u      /* between these, memory may be something else than RAM */
#define LAST_SPECIAL 0xfffffu
#define LONGEST_INSTRUCTION 15
#define SEGMENT_ES 0
#define SEGMENT_CS 1
#define SEGMENT_DS 3
#define DIRECTION_BEHIND_RIP 44     /* where a context keeps DF, as 1 or -1 */
#define NEXT_TIMER 2
#define LINE_SHIFT 6
#define PAGE_MASK 0x000ffffffffff000ull

enum stop { RUNNING, SPENT, ASKED, INTERRUPTIBLE, PROBED };
enum probe { COUNTING, STOPPING, RECORDING };   /* or only say what is announced, and stop or go on */

struct blocks {
    int64_t *clock;             /* elapsed, deadline, next timer: in ticks */
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
    uint64_t *code_lines;       /* a word for each page of it, a bit for each line: code came from there */
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
    uint64_t end = linear + (size ? size : 1);

    self->save_context(engine, self->context);
    while (linear < end) {
        uint64_t next = (linear | 0xfff) + 1 < end ? (linear | 0xfff) + 1 : end;
        uint64_t start = physical(self, linear);
        uint64_t line, last = (start + (next - linear) - 1) >> LINE_SHIFT;
        if (start < self->memory_size)
            for (line = start >> LINE_SHIFT; line <= last; line++)
                self->code_lines[line >> 6] |= 1ull << (line & 63);
        linear = next;
    }
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
    uint32_t register_cr0, register_cs, register_flags, register_rcx, register_rsi, register_rdi;
    uint32_t rip_at, gpr_at, segments_at, segment_stride;   /* offsets in a saved context */
    uint64_t (*move_in)(uint32_t port, int size, uint32_t elements, uint64_t address);
    uint64_t (*move_out)(uint32_t port, int size, uint32_t elements, uint64_t address);
    int (*write_register)(void *engine, int number, const void *value);
    const uint8_t *string_ports;    /* a byte for each port: several elements may move at once */
    int64_t cost;                   /* of an element, in ticks */
    struct blocks *blocks;
};

/* Elements of a repeated INS or OUTS that may move at once. */
struct run {
    uint64_t physical;
    uint64_t mask;              /* of addresses and of the count register */
    uint32_t elements;
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

static int is_plain(const struct blocks *self, uint64_t physical)
{
    return physical < self->memory_size && (physical < FIRST_SPECIAL || physical > LAST_SPECIAL);
}

static uint64_t context_qword(const struct blocks *self, uint32_t offset)
{
    return *(const uint64_t *)((const uint8_t *)self->context + offset);
}

static uint32_t context_dword(const struct blocks *self, uint32_t offset)
{
    return *(const uint32_t *)((const uint8_t *)self->context + offset);
}

/*
 * Decode the instruction under way. True if it is a repeated one with `opcode` (0x6c INS, 0x6e OUTS) that
 * lies in plain memory; `mask` and `segment` are then its address size and its data's segment register.
 */
static int decode(const struct ports *self, uint32_t opcode, uint64_t *mask, uint32_t *segment)
{
    const struct blocks *blocks = self->blocks;
    uint32_t hidden = context_dword(blocks, blocks->hflags_at);
    uint64_t linear = context_qword(blocks, self->rip_at);
    int long_mode = (hidden & HF_CS64) != 0, repeats = 0, narrow = 0, position;
    const uint8_t *code;

    if (!long_mode)
        linear = (linear + context_qword(blocks, self->segments_at + SEGMENT_CS * self->segment_stride + 8)) & 0xffffffffu;
    if ((linear & 0xfff) > 0x1000 - LONGEST_INSTRUCTION)
        return 0;
    code = blocks->memory + physical(blocks, linear);
    if (!is_plain(blocks, (uint64_t)(code - blocks->memory)))
        return 0;
    *segment = opcode == 0x6c ? SEGMENT_ES : SEGMENT_DS;
    for (position = 0; position < LONGEST_INSTRUCTION; position++) {
        uint8_t byte = code[position];
        if (byte == 0xf2 || byte == 0xf3)
            repeats = 1;
        else if (byte == 0x67)
            narrow = 1;
        else if (byte == 0x66 || (long_mode && (byte & 0xf0) == 0x40))
            continue;
        else if ((byte & 0xfe) == opcode)
            break;
        else if (opcode == 0x6c && (byte == 0x26 || byte == 0x2e || byte == 0x36 || byte == 0x3e))
            continue;
        else
            return 0;           /* among others, a prefix that moves the source: left to Python */
    }
    if (position == LONGEST_INSTRUCTION || !repeats)
        return 0;
    if (long_mode)
        *mask = narrow ? 0xffffffffu : ~0ull;
    else
        *mask = ((hidden & HF_CS32) != 0) != narrow ? 0xffffffffu : 0xffffu;
    return 1;
}

/* The same rule as `_repeated` in port_instructions.py, for what lies in plain memory. */
static int find_run(void *engine, const struct ports *self, int size, uint32_t opcode, struct run *run)
{
    struct blocks *blocks = self->blocks;
    uint32_t index = opcode == 0x6c ? 7 : 6, segment;
    uint64_t offset, linear, elements;
    int64_t left;

    blocks->save_context(engine, blocks->context);
    if (context_dword(blocks, self->rip_at + DIRECTION_BEHIND_RIP) != 1)
        return 0;
    if (!decode(self, opcode, &run->mask, &segment))
        return 0;
    linear = offset = context_qword(blocks, self->gpr_at + 8 * index) & run->mask;
    if (!(context_dword(blocks, blocks->hflags_at) & HF_CS64))
        linear = (context_qword(blocks, self->segments_at + segment * self->segment_stride + 8) + offset) & 0xffffffffu;
    elements = context_qword(blocks, self->gpr_at + 8) & run->mask;
    if (elements > (0x1000 - (linear & 0xfff)) / (unsigned)size)
        elements = (0x1000 - (linear & 0xfff)) / (unsigned)size;
    if (run->mask == 0xffff && elements > (0x10000 - offset) / (unsigned)size)
        elements = (0x10000 - offset) / (unsigned)size;
    left = (blocks->clock[NEXT_TIMER] - (blocks->clock[0] + self->cost)) / self->cost;
    if (left < (int64_t)elements)
        elements = left > 0 ? (uint64_t)left : 0;
    run->physical = physical(blocks, linear);
    run->elements = (uint32_t)elements;
    return elements > 1 && is_plain(blocks, run->physical);
}

/* All elements but the engine's own are done: count and index go on, and each is charged. */
static void advance(void *engine, const struct ports *self, const struct run *run, int size, uint32_t opcode, uint32_t moved)
{
    struct blocks *blocks = self->blocks;
    uint64_t others = moved - 1;
    uint64_t index = context_qword(blocks, self->gpr_at + 8 * (opcode == 0x6c ? 7 : 6));
    uint64_t count = context_qword(blocks, self->gpr_at + 8);

    blocks->clock[0] += self->cost * (int64_t)others;
    if (!others)
        return;
    index = (index & ~run->mask) | ((index + others * (unsigned)size) & run->mask);
    count = (count & ~run->mask) | ((count - others) & run->mask);
    self->write_register(engine, (int)(opcode == 0x6c ? self->register_rdi : self->register_rsi), &index);
    self->write_register(engine, (int)self->register_rcx, &count);
}

/* UC_HOOK_INSN for IN and OUT: a run of elements, or the Python callback for one, told of restrictions. */
uint32_t emu_on_in(void *engine, uint32_t port, int size, struct ports *self)
{
    uintptr_t is_restricted = restricted(engine, self);
    struct run run;

    if (!is_restricted && self->string_ports[port & 0xffff] && find_run(engine, self, size, 0x6c, &run)) {
        uint64_t moved;
        self->blocks->clock[0] += self->cost;
        moved = self->move_in(port, size, run.elements, run.physical);
        advance(engine, self, &run, size, 0x6c, (uint32_t)(moved >> 32));
        return (uint32_t)moved;
    }
    return self->in(engine, port, size, is_restricted);
}

void emu_on_out(void *engine, uint32_t port, int size, uint32_t value, struct ports *self)
{
    uintptr_t is_restricted = restricted(engine, self);
    struct run run;

    if (!is_restricted && self->string_ports[port & 0xffff] && find_run(engine, self, size, 0x6e, &run)) {
        self->blocks->clock[0] += self->cost;
        advance(engine, self, &run, size, 0x6e, (uint32_t)self->move_out(port, size, run.elements, run.physical));
        return;
    }
    self->out(engine, port, size, value, is_restricted);
}
