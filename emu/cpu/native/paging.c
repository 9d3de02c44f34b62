/* The walk of the page tables [SDM] volume 3, chapter 4: what paging.py does, for tables in plain RAM. */
#include "native.h"

#define CR0_WP (1u << 16)
#define CR0_PG (1u << 31)
#define CR4_PSE (1u << 4)
#define CR4_PAE (1u << 5)
#define PRESENT 1u
#define WRITABLE 2u
#define USER 4u
#define ACCESSED 0x20u
#define DIRTY 0x40u
#define LARGE 0x80u
#define NO_EXECUTE (1ull << 63)
#define ADDRESS 0x000ffffffffff000ull
#define BEYOND_PHYSICAL_LIMIT 0x000fff0000000000ull
#define DEEPEST 4

/* One way of paging: 8-byte entries or 4-byte ones, the shift of the first level, the bits of an index. */
struct mode {
    int wide, four_levels, shift, bits;
    uint64_t root, table_mask;
};

static struct mode mode_of(const struct blocks *self)
{
    uint64_t cr3 = context_qword(self, self->cr0_at + 24);

    if (!(context_qword(self, self->cr0_at + 32) & CR4_PAE))
        return (struct mode){0, 0, 22, 10, cr3 & 0xfffff000u, 0xfffff000u};
    if (!(context_dword(self, self->hflags_at) & HF_LMA))
        return (struct mode){1, 0, 30, 9, cr3 & 0xffffffe0u, ADDRESS};
    return (struct mode){1, 1, 39, 9, cr3 & ADDRESS, ADDRESS};
}

/* Whether the entry is a page's, and no table's. */
static int is_last(const struct blocks *self, const struct mode *mode, uint64_t entry, int shift)
{
    if (shift == PAGE_SHIFT || !(entry & LARGE))
        return shift == PAGE_SHIFT;
    if (!mode->wide)
        return (context_qword(self, self->cr0_at + 32) & CR4_PSE) != 0;
    return shift == 21 || (shift == 30 && mode->four_levels);
}

static uint64_t page_address(const struct mode *mode, uint64_t entry, int shift)
{
    if (!mode->wide && shift == 22)     /* [SDM] 4.3: PSE-36 */
        return (entry & 0xffc00000u) | (entry >> 13 & 0xff) << 32;
    return entry & ADDRESS & ~((1ull << shift) - 1);
}

static void touch(uint32_t *const *path, int depth, int write)
{
    int level;

    for (level = 0; level < depth; level++) {
        uint32_t marks = ACCESSED | (write && level == depth - 1 ? DIRTY : 0);
        if ((*path[level] & marks) != marks)
            *path[level] |= marks;
    }
}

static enum walked walk_tables(
    const struct blocks *self, uint64_t linear, enum access access, uint64_t a20, struct translation *found)
{
    struct mode mode = mode_of(self);
    int user = (context_dword(self, self->hflags_at) & HF_CPL) == 3, shift, depth = 0;
    int obeys = user || context_qword(self, self->cr0_at) & CR0_WP;     /* what is read-only */
    uint64_t table = mode.root, allowed = WRITABLE | USER, entry;
    uint32_t *path[DEEPEST];                    /* accessed and dirty bits lie in the low half of wide ones too */

    for (shift = mode.shift;; shift -= mode.bits) {
        uint64_t index = linear >> shift & ((1u << mode.bits) - 1);
        uint64_t where = (table + index * (mode.wide ? 8 : 4)) & a20;
        if (!is_plain(self, where))
            return ELSEWHERE;
        path[depth] = (uint32_t *)(self->memory + where);
        entry = mode.wide ? *(const uint64_t *)path[depth] : *path[depth];
        if (!(entry & PRESENT) || (mode.wide && entry & BEYOND_PHYSICAL_LIMIT))
            return ABSENT;
        if (mode.wide && entry & NO_EXECUTE && access != PROBE)
            return ABSENT;                      /* reserved: we walk only where EFER.NXE is 0 */
        if (mode.four_levels || shift != 30) {  /* the first of three levels has no rights and no marks */
            allowed &= entry;
            depth++;
        }
        if (is_last(self, &mode, entry, shift))
            break;
        table = entry & mode.table_mask;
    }
    if (access != PROBE) {
        if ((user && !(allowed & USER)) || (access == WRITE && obeys && !(allowed & WRITABLE)))
            return ABSENT;
        touch(path, depth, access == WRITE);
    }
    found->physical = (page_address(&mode, entry, shift) | (linear & ((1ull << shift) - 1))) & a20;
    found->writable = (access == WRITE || entry & DIRTY) && (!obeys || allowed & WRITABLE);
    return FOUND;
}

enum walked walk(const struct blocks *self, uint64_t linear, enum access access, struct translation *found)
{
    uint64_t a20 = context_dword(self, self->a20_at) | 0xffffffff00000000ull;

    if (!(context_qword(self, self->cr0_at) & CR0_PG)) {
        *found = (struct translation){linear & 0xffffffffu & a20, 1};
        return FOUND;
    }
    if (!(context_dword(self, self->hflags_at) & HF_LMA))
        linear &= 0xffffffffu;
    else if ((int64_t)(linear << 16) >> 16 != (int64_t)linear)
        return ABSENT;
    return walk_tables(self, linear, access, a20, found);
}

uint64_t physical(const struct blocks *self, uint64_t linear)
{
    struct translation found;

    return walk(self, linear, PROBE, &found) == FOUND ? found.physical : ~0ull;
}
