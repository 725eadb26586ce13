// Shared by the ops: threads, workspace, small helpers. Plain C; Theano's arrays are in arrays.h.
#ifndef TRAINING_OPS_SUPPORT_H
#define TRAINING_OPS_SUPPORT_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#include "simd/simd.h"

#define INLINE static inline __attribute__((always_inline)) // its constant arguments select what is compiled

INLINE long smaller(long a, long b) { return a < b ? a : b; }
INLINE long larger(long a, long b) { return a > b ? a : b; }
INLINE long parts_of(long number, long part) { return (number + part - 1) / part; }
INLINE long round_up(long number, long multiple) { return parts_of(number, multiple) * multiple; }

INLINE int thread_count(void)
{
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    return 1;
#endif
}

INLINE int thread_number(void)
{
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

// Memory that a node keeps from call to call, since page faults cost more than what is computed. Pieces are cut from one
// block; those that do not fit get blocks of their own, and the next call starts with one block for all.
typedef struct Outgrown {
    struct Outgrown *next;
} Outgrown;

typedef struct {
    char *block;
    size_t size, taken;
    Outgrown *more;
} Workspace;

enum { ALIGNMENT = 64 };

static void *aligned_block(size_t bytes)
{
    void *block = NULL;
    return posix_memalign(&block, ALIGNMENT, bytes) ? NULL : block;
}

static void workspace_free(Workspace *workspace)
{
    while (workspace->more) {
        Outgrown *next = workspace->more->next;
        free(workspace->more);
        workspace->more = next;
    }
    free(workspace->block);
    workspace->block = NULL;
    workspace->size = workspace->taken = 0;
}

// Called at the start of each call of an op.
static void workspace_begin(Workspace *workspace)
{
    const size_t needed = workspace->taken;
    if (workspace->more) {
        workspace_free(workspace);
        workspace->block = (char *)aligned_block(needed);
        workspace->size = workspace->block ? needed : 0;
    }
    workspace->taken = 0;
}

// `count` elements of `size` bytes, aligned, contents undefined; NULL if there is no memory.
static void *take(Workspace *workspace, size_t count, size_t size)
{
    const size_t bytes = round_up(count * size, ALIGNMENT);
    char *piece;
    if (workspace->taken + bytes <= workspace->size)
        piece = workspace->block + workspace->taken;
    else {
        Outgrown *own = (Outgrown *)aligned_block(bytes + ALIGNMENT);
        if (!own)
            return NULL;
        own->next = workspace->more;
        workspace->more = own;
        piece = (char *)own + ALIGNMENT;
    }
    workspace->taken += bytes;
    return piece;
}

#define TAKE(type, name, count)                                                                                        \
    type *name = (type *)take(workspace, (count), sizeof(type));                                                       \
    if (!name)                                                                                                         \
    return NO_MEMORY

// What an op's function returns: 0, or why it could not compute.
enum { NO_MEMORY = 1, NOT_QUANTIZED };

#endif
