// AVX-512 (F, BW and VL: all that have it but the Xeon Phis): vectors of 64 bytes.
#define INSTRUCTION_SET "AVX-512"
enum { LANES = 16, TRANSPOSED = 8 };
#include "vectors.h"
#include "x86_64.h"

enum { PICKED = 5 }; // bits that choose one of a table's 32 floats

static inline floats pick(const float *table, words index)
{
    return (floats)_mm512_permutex2var_ps((__m512)load(table), (__m512i)index, (__m512)load(table + LANES));
}

static inline floats floats_from(integers values) { return (floats)_mm512_cvtepi32_ps((__m512i)values); }

static inline integers load_bytes(const int8_t *from)
{
    return (integers)_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)from));
}

static inline void store_bytes(int8_t *to, integers values)
{
    _mm_storeu_si128((__m128i *)to, _mm512_cvtepi32_epi8((__m512i)values));
}

static inline words odd(words a, words b, words c)
{
    return (words)_mm512_ternarylogic_epi32((__m512i)a, (__m512i)b, (__m512i)c, 0x96);
}

static inline words majority(words a, words b, words c)
{
    return (words)_mm512_ternarylogic_epi32((__m512i)a, (__m512i)b, (__m512i)c, 0xe8);
}

// Those of 32 values, and of their places, whose bit is set, without gaps; up to LANES more are overwritten.
static inline long list_chosen(const float *from, const int32_t *at, uint32_t chosen, float *values, int32_t *places)
{
    long length = 0;
    for (int i = 0; i < 32; i += LANES, chosen >>= LANES) {
        const __mmask16 mask = (__mmask16)chosen;
        _mm512_storeu_ps(values + length, _mm512_maskz_compress_ps(mask, (__m512)load(from + i)));
        _mm512_storeu_si512(places + length, _mm512_maskz_compress_epi32(mask, _mm512_loadu_si512(at + i)));
        length += __builtin_popcount(mask);
    }
    return length;
}

#ifdef __AVX512VPOPCNTDQ__
enum { MOST_COUNTED = 1 << 20, PER_COUNT = 1 };

static inline words part_counts(words value) { return (words)_mm512_popcnt_epi32((__m512i)value); }
static inline words whole_counts(words parts) { return parts; }
#else
enum { MOST_COUNTED = 31, PER_COUNT = 8 }; // 31 * 8 fits a byte

static inline words part_counts(words value) // as in avx2.h
{
    const __m512i digits = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    const __m512i nibble = _mm512_set1_epi8(15), bits = (__m512i)value;
    const __m512i low = _mm512_shuffle_epi8(digits, _mm512_and_si512(bits, nibble));
    const __m512i high = _mm512_shuffle_epi8(digits, _mm512_and_si512(_mm512_srli_epi16(bits, 4), nibble));
    return (words)_mm512_add_epi8(low, high);
}

static inline words whole_counts(words parts)
{
    const __m512i pairs = _mm512_maddubs_epi16((__m512i)parts, _mm512_set1_epi8(1));
    return (words)_mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
}
#endif
