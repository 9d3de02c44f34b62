/*
 * Native code behind the engine: the block callback, the port hooks and the filling of the engine's TLB.
 *
 * What blocks.py, port_instructions.py and translations.py do in Python, for a nanosecond instead of hundreds,
 * with the same outcome. A plain shared library, loaded by ctypes: no Python.h, no state of its own. The
 * layouts of `struct blocks`, `struct ports` and `struct filler` are those of Cells, PortCells and
 * FillerCells in Python; functions of the engine arrive as pointers.
 */
#ifndef EMU_NATIVE_H
#define EMU_NATIVE_H

#include <stddef.h>
#include <stdint.h>

#define FLAG_IF 0x200
#define FLAG_VM 0x20000
#define HF_CPL 3u
#define HF_CS32 (1u << 4)
#define HF_CS64 (1u << 15)
#define HF_LMA (1u << 14)
#define PAGE_SHIFT 12
#define FIRST_SPECIAL 0xa0000u      /* between these, memory may be something else than RAM */
#define LAST_SPECIAL 0xfffffu

struct blocks {
    int64_t *clock;             /* elapsed, deadline, next timer: in ticks */
    int64_t retired;            /* bytes of guest code */
    uint64_t start;             /* of the open block, linear */
    int64_t opened;             /* in ticks: when it began */
    uint32_t size;              /* of the open block; 0: none is open */
    uint32_t reserved_1;
    union {
        uint64_t attention;     /* any of these: */
        struct {
            uint8_t asked;      /* somebody wants the engine to stop */
            uint8_t wanted;     /* the INTR pin */
            uint8_t probing;    /* enum probe */
            uint8_t fresh;      /* blocks to come that the edge hook may not announce */
            uint8_t counting;   /* what is executed is counted */
        };
    };
    uint32_t stopped;           /* enum stop */
    uint32_t shadowed;          /* the next block runs in an interrupt shadow */
    uint32_t register_flags;    /* the engine's number for EFLAGS */
    uint32_t reserved_2;
    uint64_t probed_start;
    uint32_t probed_size;
    uint32_t hflags_at;         /* offsets in a saved context */
    uint32_t cr0_at;
    uint32_t a20_at;
    void *context;
    uint8_t *memory;            /* RAM by physical address, as far as it is contiguous */
    uint64_t memory_size;
    uint64_t *code_lines;       /* a word for each page of it, a bit for each line: code came from there */
    int (*engine_stop)(void *engine);
    int (*read_register)(void *engine, int number, void *value);
    int (*save_context)(void *engine, void *context);
    struct counts *counts;
    void (*notice)(uint64_t start, uint32_t size, const uint8_t *code);     /* told what is translated */
};

/* How often blocks, or the beginnings of some, were executed: an open-addressed table. */
struct count {
    uint64_t start;
    uint64_t size;              /* 0: the slot is free */
    uint64_t times;
};

struct counts {
    struct count *table;
    uint64_t capacity;          /* a power of two */
    uint64_t used;
    uint64_t most;
    uint64_t lost;              /* executions that found no room */
};

/* `size` bytes at linear `start` were executed. */
void emu_count(struct counts *self, uint64_t start, uint64_t size);

enum access { PROBE = 0, READ = 16, WRITE = 17, FETCH = 18 };   /* as the engine numbers them */

/* What a walk of the page tables finds. */
struct translation {
    uint64_t physical;
    int writable;               /* a store needs no further walk: it is allowed, and the dirty bit is set */
};

enum walked { ABSENT, FOUND, ELSEWHERE };

/*
 * Walk the page tables for `access` to `linear`, and set accessed and dirty bits; a PROBE needs no rights and
 * sets nothing. ABSENT stands for every fault, ELSEWHERE for tables that do not lie in plain RAM.
 */
enum walked walk(const struct blocks *self, uint64_t linear, enum access access, struct translation *found);

/* The physical address behind `linear`, or all ones. */
uint64_t physical(const struct blocks *self, uint64_t linear);

static inline uint64_t context_qword(const struct blocks *self, uint32_t offset)
{
    return *(const uint64_t *)((const uint8_t *)self->context + offset);
}

static inline uint32_t context_dword(const struct blocks *self, uint32_t offset)
{
    return *(const uint32_t *)((const uint8_t *)self->context + offset);
}

/* Whether the page at `address` is RAM that nothing ever covers. */
static inline int is_plain(const struct blocks *self, uint64_t address)
{
    return address < self->memory_size && (address < FIRST_SPECIAL || address > LAST_SPECIAL);
}

#endif
