/* How often what was executed. See executed.py. */
#include "native.h"

#include <stdlib.h>

#define FIRST_CAPACITY 0x1000
#define SPREAD 0x9e3779b97f4a7c15ull    /* 2^64 over the golden ratio */

/* Where the entries of a start begin; they lie in one run of used slots. */
static uint64_t home(const struct counts *self, uint64_t start)
{
    return (start * SPREAD >> 32) & (self->capacity - 1);
}

static struct count *find(const struct counts *self, uint64_t start, uint64_t size)
{
    uint64_t at = home(self, start);

    while (self->table[at].size && !(self->table[at].start == start && self->table[at].size == size))
        at = (at + 1) & (self->capacity - 1);
    return &self->table[at];
}

static int grow(struct counts *self)
{
    struct counts larger = *self;
    uint64_t at;

    larger.capacity = self->capacity ? 2 * self->capacity : FIRST_CAPACITY;
    larger.table = calloc(larger.capacity, sizeof *larger.table);
    if (!larger.table)
        return 0;
    for (at = 0; at < self->capacity; at++)
        if (self->table[at].size)
            *find(&larger, self->table[at].start, self->table[at].size) = self->table[at];
    free(self->table);
    *self = larger;
    return 1;
}

void emu_count(struct counts *self, uint64_t start, uint64_t size)
{
    struct count *found;

    if (2 * self->used >= self->capacity && !grow(self)) {
        self->lost++;
        return;
    }
    found = find(self, start, size);
    if (!found->size) {
        if (self->used >= self->most) {
            self->lost++;
            return;
        }
        self->used++;
        found->start = start;
        found->size = size;
    }
    found->times++;
}

/* Take an entry of `start` out of the count: true if there was one. */
int emu_take_count(struct counts *self, uint64_t start, uint64_t *size, uint64_t *times)
{
    uint64_t at;

    if (!self->capacity)
        return 0;
    for (at = home(self, start); self->table[at].size; at = (at + 1) & (self->capacity - 1))
        if (self->table[at].start == start && self->table[at].times) {
            *size = self->table[at].size;
            *times = self->table[at].times;
            self->table[at].times = 0;
            return 1;
        }
    return 0;
}

/* Free the table. */
void emu_free_counts(struct counts *self)
{
    free(self->table);
    *self = (struct counts){0};
}
