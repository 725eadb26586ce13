// Shared by AVX2 and AVX-512: packing 32 bytes into bits, transposing 8 x 8 floats.
#include <immintrin.h>

static inline void pack_bytes(const int8_t *bytes, uint32_t *negative, uint32_t *nonzero)
{
    const __m256i value = _mm256_loadu_si256((const __m256i *)bytes);
    *negative = (uint32_t)_mm256_movemask_epi8(value);
    *nonzero = ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(value, _mm256_setzero_si256()));
}

static inline void transpose(const float *from, long from_row, float *to, long to_row)
{
    __m256 pairs[8], fours[8];
    for (int i = 0; i < 8; i += 2) {
        const __m256 even = _mm256_loadu_ps(from + i * from_row), odd = _mm256_loadu_ps(from + (i + 1) * from_row);
        pairs[i] = _mm256_unpacklo_ps(even, odd);
        pairs[i + 1] = _mm256_unpackhi_ps(even, odd);
    }
    for (int half = 0; half < 8; half += 4)
        for (int i = 0; i < 2; i++) {
            const __m256d low = _mm256_castps_pd(pairs[half + i]), high = _mm256_castps_pd(pairs[half + i + 2]);
            fours[half + 2 * i] = _mm256_castpd_ps(_mm256_unpacklo_pd(low, high));
            fours[half + 2 * i + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(low, high));
        }
    for (int i = 0; i < 4; i++) {
        _mm256_storeu_ps(to + i * to_row, _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x20));
        _mm256_storeu_ps(to + (i + 4) * to_row, _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x31));
    }
}
