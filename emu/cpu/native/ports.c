/* The IN and OUT hooks: privilege, and runs of elements. See io_permission.py and port_instructions.py. */
#include "native.h"

#define LONGEST_INSTRUCTION 15
#define SEGMENT_ES 0
#define SEGMENT_CS 1
#define SEGMENT_DS 3
#define DIRECTION_BEHIND_RIP 44     /* where a context keeps DF, as 1 or -1 */
#define NEXT_TIMER 2

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
