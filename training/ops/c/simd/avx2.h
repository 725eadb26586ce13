// AVX2: vectors of 32 bytes.
#define INSTRUCTION_SET "AVX2"
enum { LANES = 8, TRANSPOSED = 8 };
#include "vectors.h"
#include "x86_64.h"

enum { PICKED = 3 }; // bits that choose one of a table's 8 floats

static inline floats pick(const float *table, words index)
{
    return (floats)_mm256_permutevar8x32_ps((__m256)load(table), (__m256i)index);
}

static inline floats floats_from(integers values) { return (floats)_mm256_cvtepi32_ps((__m256i)values); }

static inline integers load_bytes(const int8_t *from)
{
    return (integers)_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)from));
}

static inline void store_bytes(int8_t *to, integers values)
{
    const __m256i all = (__m256i)values;
    const __m128i pairs = _mm_packs_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
    _mm_storel_epi64((__m128i *)to, _mm_packs_epi16(pairs, pairs));
}

#include "add_bits.h"
#include "list_chosen.h"

enum { MOST_COUNTED = 31, PER_COUNT = 1 }; // 31 * 8 fits a byte

// Looks up the number of bits in each nibble (Mula, Kurz, Lemire, arXiv:1611.07612).
static inline words part_counts(words value)
{
    const __m256i digits = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    const __m256i nibble = _mm256_set1_epi8(15), bits = (__m256i)value;
    const __m256i low = _mm256_shuffle_epi8(digits, _mm256_and_si256(bits, nibble));
    const __m256i high = _mm256_shuffle_epi8(digits, _mm256_and_si256(_mm256_srli_epi16(bits, 4), nibble));
    return (words)_mm256_add_epi8(low, high);
}

static inline words whole_counts(words parts)
{
    const __m256i pairs = _mm256_maddubs_epi16((__m256i)parts, _mm256_set1_epi8(1));
    return (words)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}
