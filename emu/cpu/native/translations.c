/* UC_HOOK_TLB_FILL: what translations.py does, where page tables lie in plain RAM. */
#include "native.h"

enum permission { MAY_READ = 1, MAY_WRITE = 2, MAY_EXECUTE = 4 };
enum page { UNKNOWN, STORED, EXECUTED };

/* `uc_tlb_entry` */
struct entry {
    uint64_t physical;
    uint32_t permissions;
};

struct filler {
    struct blocks *blocks;
    uint8_t *pages;             /* enum page, for each page of plain RAM */
    int (*control)(void *engine, int what, ...);
    int flush;                  /* uc_ctl: forget all translations */
    uint32_t identical;         /* linear addresses are physical ones, whatever the guest has */
    _Bool (*elsewhere)(void *engine, uint64_t linear, int access, struct entry *entry, uintptr_t user);
};

_Bool emu_on_fill(void *engine, uint64_t linear, int access, struct entry *entry, struct filler *self)
{
    const struct blocks *blocks = self->blocks;
    struct translation found;
    uint8_t *page;

    if (self->identical) {
        *entry = (struct entry){linear, MAY_READ | MAY_WRITE | MAY_EXECUTE};
        return 1;
    }
    blocks->save_context(engine, blocks->context);
    switch (walk(blocks, linear, (enum access)access, &found)) {
    case ABSENT:
        return 0;
    case ELSEWHERE:
        return self->elsewhere(engine, linear, access, entry, 0);
    case FOUND:
        break;
    }
    entry->physical = found.physical;
    entry->permissions = MAY_READ | MAY_EXECUTE | (found.writable ? MAY_WRITE : 0);
    if (!is_plain(blocks, found.physical))
        return 1;
    page = &self->pages[found.physical >> PAGE_SHIFT];
    if (access == FETCH) {
        if (*page == STORED)
            self->control(engine, self->flush);
        *page = EXECUTED;
    } else if (*page != EXECUTED) {
        *page = STORED;
        entry->permissions &= ~(uint32_t)MAY_EXECUTE;
    }
    return 1;
}
