// Quantised operands: arrays of digits -1, 0, +1 (int8), times a magnitude.
#ifndef TRAINING_OPS_DIGITS_H
#define TRAINING_OPS_DIGITS_H

#include "support.h"

// Swaps the bits of b in the mask with the bits of a that are `shift` places higher.
INLINE void swap_bits(uint64_t *a, uint64_t *b, int shift, uint64_t mask)
{
    const uint64_t different = ((*a >> shift) ^ *b) & mask;
    *b ^= different;
    *a ^= different << shift;
}

// to[j][i] = from[i][j] for rows of bytes, `from_row` and `to_row` apart. Blocks of 8x8 bytes are eight 64-bit integers,
// whose halves are swapped, then quarters, then bytes.
static void transpose_bytes(const int8_t *from, long rows, long columns, long from_row, int8_t *to, long to_row)
{
    const long whole_rows = rows / 8 * 8, whole_columns = columns / 8 * 8;
    for (long i = 0; i < whole_rows; i += 8)
        for (long j = 0; j < whole_columns; j += 8) {
            uint64_t block[8];
            for (int k = 0; k < 8; k++)
                memcpy(block + k, from + (i + k) * from_row + j, 8);
            for (int k = 0; k < 4; k++)
                swap_bits(block + k, block + k + 4, 32, UINT64_C(0xffffffff));
            for (int k = 0; k < 4; k++)
                swap_bits(block + k / 2 * 4 + k % 2, block + k / 2 * 4 + k % 2 + 2, 16, UINT64_C(0xffff0000ffff));
            for (int k = 0; k < 8; k += 2)
                swap_bits(block + k, block + k + 1, 8, UINT64_C(0xff00ff00ff00ff));
            for (int k = 0; k < 8; k++)
                memcpy(to + (j + k) * to_row + i, block + k, 8);
        }
    for (long i = 0; i < rows; i++)
        for (long j = i < whole_rows ? whole_columns : 0; j < columns; j++)
            to[j * to_row + i] = from[i * from_row + j];
}

// An input of an op: floats or digits; the other pointer is NULL.
typedef struct {
    const float *real;
    const int8_t *digits;
} Operand;

typedef struct {
    const int8_t *digits;
    float magnitude;
    bool ternary; // whether any digit is 0
} Digits;

// Whether all are -1, 0 or +1: anything else would be looked up outside the tables.
static bool examine(const int8_t *digits, long count, Digits *result)
{
    enum { PART = 16384 };
    int zeros = 0, wrong = 0;
#pragma omp parallel for schedule(static) reduction(| : zeros, wrong) if (count > 100000)
    for (long first = 0; first < count; first += PART) {
        const long end = smaller(first + PART, count);
        const int size = sizeof(bytes);
        bytes zero = {0}, beyond = {0};
        long i = first;
        for (; i + size <= end; i += size) {
            const bytes value = *(const loose_bytes *)(digits + i);
            zero |= value == 0;
            beyond |= (value > 1) | (value < -1);
        }
        for (int j = 0; j < size; j++) {
            zeros |= zero[j];
            wrong |= beyond[j];
        }
        for (; i < end; i++) {
            zeros |= digits[i] == 0;
            wrong |= digits[i] > 1 || digits[i] < -1;
        }
    }
    result->digits = digits;
    result->magnitude = 1;
    result->ternary = zeros;
    return !wrong;
}

// Floats that are all -s, 0 or +s, as digits; false if one is anything else.
static bool digits_of(const float *values, long count, int8_t *digits, Digits *result)
{
    float magnitude = 1;
    int zeros = 0, wrong = 0;
    for (long i = 0; i < count; i++)
        if (values[i] != 0) {
            magnitude = fabsf(values[i]);
            break;
        }
#pragma omp parallel for simd schedule(static) reduction(| : zeros, wrong) if (count > 100000)
    for (long i = 0; i < count; i++) {
        const float value = values[i];
        digits[i] = (int8_t)((value == magnitude) - (value == -magnitude));
        zeros |= value == 0;
        wrong |= !(value == magnitude || value == -magnitude || value == 0);
    }
    result->digits = digits;
    result->magnitude = magnitude;
    result->ternary = zeros;
    return !wrong;
}

// The digits of an operand of `count` values, in `room` if it is real; false if it is not quantised.
static bool quantized(Operand operand, long count, int8_t *room, Digits *result)
{
    return operand.digits ? examine(operand.digits, count, result) : digits_of(operand.real, count, room, result);
}

#endif
