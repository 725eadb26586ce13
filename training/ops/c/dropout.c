// Counter-based dropout: whether an element is kept depends only on seed, step and the element's index.
#include "support.h"

// The finaliser of MurmurHash3 (Austin Appleby): each bit of the input flips each bit of the output with probability 1/2.
INLINE uint32_t mix(uint32_t x)
{
    x = (x ^ x >> 16) * UINT32_C(0x85ebca6b);
    x = (x ^ x >> 13) * UINT32_C(0xc2b2ae35);
    return x ^ x >> 16;
}

// y = x * scale with probability limit / 2^32, else 0; state: seed and step
static int dropout(const float *x, const int64_t *state, float *y, long size, uint32_t limit, float scale,
                   Workspace *workspace)
{
    const uint32_t first = mix((uint32_t)state[0] ^ mix((uint32_t)state[1]));
    const uint32_t second = mix(first + UINT32_C(0x9e3779b9));
    (void)workspace;
#pragma omp parallel for simd schedule(static) if (size > 50000)
    for (long i = 0; i < size; i++)
        y[i] = mix(mix((uint32_t)i ^ first) + second) < limit ? x[i] * scale : 0.f;
    return 0;
}
