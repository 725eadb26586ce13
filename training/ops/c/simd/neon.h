// 64-bit Arm.
#include <arm_neon.h>
#define INSTRUCTION_SET "NEON"
enum { LANES = 4, TRANSPOSED = 4 };
#include "vectors.h"

static inline floats floats_from(integers values) { return (floats)vcvtq_f32_s32((int32x4_t)values); }

#include "add_bits.h"
#include "bytes.h"
#include "list_chosen.h"
#include "pick.h"

enum { MOST_COUNTED = 31, PER_COUNT = 1 }; // 31 * 8 fits a byte

static inline words part_counts(words value) { return (words)vcntq_u8((uint8x16_t)value); }
static inline words whole_counts(words parts) { return (words)vpaddlq_u16(vpaddlq_u8((uint8x16_t)parts)); }

// One bit for each byte of two masks, whose bytes are 0 or 255.
static inline uint32_t neon_mask(uint8x16_t low, uint8x16_t high)
{
    const uint8x16_t places = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x16_t a = vandq_u8(low, places), b = vandq_u8(high, places);
    return (uint32_t)vaddv_u8(vget_low_u8(a)) | (uint32_t)vaddv_u8(vget_high_u8(a)) << 8 |
           (uint32_t)vaddv_u8(vget_low_u8(b)) << 16 | (uint32_t)vaddv_u8(vget_high_u8(b)) << 24;
}

static inline void pack_bytes(const int8_t *bytes, uint32_t *negative, uint32_t *nonzero)
{
    const int8x16_t low = vld1q_s8(bytes), high = vld1q_s8(bytes + 16);
    *negative = neon_mask(vcltzq_s8(low), vcltzq_s8(high));
    *nonzero = ~neon_mask(vceqzq_s8(low), vceqzq_s8(high));
}

static inline void transpose(const float *from, long from_row, float *to, long to_row)
{
    const float32x4x2_t a = vtrnq_f32(vld1q_f32(from), vld1q_f32(from + from_row));
    const float32x4x2_t b = vtrnq_f32(vld1q_f32(from + 2 * from_row), vld1q_f32(from + 3 * from_row));
    for (int i = 0; i < 2; i++) {
        vst1q_f32(to + i * to_row, vcombine_f32(vget_low_f32(a.val[i]), vget_low_f32(b.val[i])));
        vst1q_f32(to + (i + 2) * to_row, vcombine_f32(vget_high_f32(a.val[i]), vget_high_f32(b.val[i])));
    }
}
