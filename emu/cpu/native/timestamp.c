/* RDTSC and RDTSCP: what special.py does. */
#include "native.h"

#define CR4_TSD 4u

struct timestamp {
    struct blocks *blocks;
    int (*write_register)(void *engine, int number, const void *value);
    uint32_t register_rax, register_rcx, register_rdx, register_cr4;
    int64_t cost;               /* in ticks */
    int64_t ticks_per_ns;
    uint64_t offset;            /* of the counter from virtual time, in nanoseconds */
    uint32_t aux;               /* IA32_TSC_AUX */
};

/* Whether the guest may; 0 lets the engine raise #GP. */
static int read_timestamp(void *engine, struct timestamp *self, int with_aux)
{
    struct blocks *blocks = self->blocks;
    uint64_t cr4 = 0, now, half;

    blocks->read_register(engine, (int)self->register_cr4, &cr4);
    if (cr4 & CR4_TSD) {
        blocks->save_context(engine, blocks->context);
        if (context_dword(blocks, blocks->hflags_at) & HF_CPL)
            return 0;
    }
    blocks->clock[0] += self->cost;
    now = (uint64_t)(blocks->clock[0] / self->ticks_per_ns) + self->offset;
    half = now & 0xffffffffu;
    self->write_register(engine, (int)self->register_rax, &half);
    half = now >> 32;
    self->write_register(engine, (int)self->register_rdx, &half);
    half = self->aux;
    if (with_aux)
        self->write_register(engine, (int)self->register_rcx, &half);
    return 1;
}

/* UC_HOOK_INSN */
int emu_on_rdtsc(void *engine, struct timestamp *self)
{
    return read_timestamp(engine, self, 0);
}

int emu_on_rdtscp(void *engine, struct timestamp *self)
{
    return read_timestamp(engine, self, 1);
}
