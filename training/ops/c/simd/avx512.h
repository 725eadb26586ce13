// AVX-512 (F, BW and VL: all that have it but the first, Knights Landing): vectors of 64 bytes.
#define INSTRUCTION_SET "AVX-512"
enum { LANES = 16, TRANSPOSED = 8 };
#include "vectors.h"
#include "x86_64.h"

#ifdef __AVX512VPOPCNTDQ__
enum { MOST_COUNTED = 1 << 20 };

static inline words part_counts(words value) { return (words)_mm512_popcnt_epi32((__m512i)value); }
static inline words whole_counts(words parts) { return parts; }
#else
enum { MOST_COUNTED = 31 }; // of bytes

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
