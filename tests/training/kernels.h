/* Shared by the tests of the ops' C functions: random numbers, comparison, allocations that fail. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Allocation number `failing` of the ops fails, counted from 1; 0: none. */
static long failing = 0, allocations = 0;

static int counted_memalign(void **block, size_t alignment, size_t bytes)
{
    return ++allocations == failing ? ENOMEM : posix_memalign(block, alignment, bytes);
}

#ifdef COUNT_BY_HAND /* tests the path with vector popcount on an AVX-512 processor without it */
#include <immintrin.h>
#include <stdint.h>
static inline __m512i count_by_hand(__m512i value)
{
    uint32_t words[16];
    _mm512_storeu_si512(words, value);
    for (int i = 0; i < 16; i++)
        words[i] = (uint32_t)__builtin_popcount(words[i]);
    return _mm512_loadu_si512(words);
}
#define __AVX512VPOPCNTDQ__ 1
#define _mm512_popcnt_epi32 count_by_hand
#endif

#define posix_memalign counted_memalign
#include "support.h"

static uint32_t state = 1;

static uint32_t draw(void)
{
    state = state * UINT32_C(1664525) + UINT32_C(1013904223);
    return state >> 8;
}

static int8_t digit(bool ternary) { return (int8_t)(ternary ? (int)(draw() % 3) - 1 : (int)(draw() % 2) * 2 - 1); }
static float number(void) { return (float)draw() / (1 << 23) - 1; }

static int8_t *digits_new(long count, bool ternary)
{
    int8_t *result = (int8_t *)malloc(count);
    for (long i = 0; i < count; i++)
        result[i] = digit(ternary);
    return result;
}

static float *numbers_new(long count)
{
    float *result = (float *)malloc(sizeof(float) * count);
    for (long i = 0; i < count; i++)
        result[i] = number();
    return result;
}

static int wrong = 0;
static uint32_t checksum = 0; /* of all bits of all results: the same for any number of threads */

static uint32_t with_bits(uint32_t sum, const void *values, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        sum = (sum << 5 | sum >> 27) ^ ((const uint8_t *)values)[i];
    return sum;
}

static void add_bits_of(const float *values, long count)
{
    checksum = with_bits(checksum, values, sizeof(float) * count);
}

static void compare(const char *what, double real, double expected, double size)
{
    if (!(fabs(real - expected) <= 2e-6 * (size + 1))) {
        if (wrong++ < 10)
            printf("%s: %.9g, not %.9g\n", what, real, expected);
    }
}

static void check(const char *what, bool right, int answer)
{
    if (!right && wrong++ < 10)
        printf("%s: %d\n", what, answer);
}

static bool loops = true;     /* whether to compare results with loops, rather than only add them to the checksum */
static bool failures = false; /* whether to fail every allocation once */
static long failed = 0;       /* how many failed */

/* The argument: none, `bits` for the checksum alone, or `failures`. */
static void begin(int argc, char **argv)
{
    loops = argc < 2;
    failures = argc > 1 && !strcmp(argv[1], "failures");
    printf("%s, %d lanes\n", INSTRUCTION_SET, LANES);
}

/* Calls an op twice; the second time, its workspace is one block. `call` uses `ws`, and its result is `bytes` bytes at
   `result`. With `failures`, also fails each allocation of two such calls in turn, on a workspace of its own: a call
   reports the failure or does without the memory, and the call after them is right. */
#define RUN(what, call, result, bytes)                                                                                 \
    do {                                                                                                               \
        workspace_begin(ws);                                                                                           \
        check(what, !(call), -1);                                                                                      \
        const uint32_t right = with_bits(0, result, bytes);                                                            \
        for (long n = 1, more = failures; more; n++) {                                                                 \
            Workspace own = {NULL, 0, 0, NULL}, *ws = &own;                                                            \
            failing = n;                                                                                               \
            allocations = 0;                                                                                           \
            workspace_begin(ws);                                                                                       \
            const int first = (call);                                                                                  \
            check(what, first == (allocations >= n ? NO_MEMORY : 0), first);                                           \
            workspace_begin(ws);                                                                                       \
            const int second = (call);                                                                                 \
            check(what, second == 0 || second == NO_MEMORY, second);                                                   \
            more = allocations >= n;                                                                                   \
            failing = 0;                                                                                               \
            failed += more;                                                                                            \
            memset(result, 0x55, bytes);                                                                               \
            workspace_begin(ws);                                                                                       \
            check(what, !(call), -2);                                                                                  \
            check(what, with_bits(0, result, bytes) == right, -3);                                                     \
            workspace_free(ws);                                                                                        \
        }                                                                                                              \
        workspace_begin(ws);                                                                                           \
        check(what, !(call), -4);                                                                                      \
    } while (0)

static int finish(void)
{
    printf("checksum %08x\n", (unsigned)checksum);
    if (failures)
        printf("%ld allocations failed\n", failed);
    printf("%d wrong\n", wrong);
    return wrong > 0;
}
