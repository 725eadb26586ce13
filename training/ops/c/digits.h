// Quantised operands: arrays of digits -1, 0, +1 (int8), times a magnitude.
#ifndef TRAINING_OPS_DIGITS_H
#define TRAINING_OPS_DIGITS_H

#include "support.h"

// An input of an op: floats, or digits. The other is NULL.
typedef struct {
    const float *real;
    const int8_t *digits;
} Operand;

typedef struct {
    const int8_t *digits;
    float magnitude;
    bool ternary; // whether any digit is 0
} Digits;

// Whether all are -1, 0 or +1: anything else would be looked up beyond the tables.
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

// Floats of which each is -s, 0 or +s, as digits; false where one is anything else.
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

// The digits of an operand of `count` values, in `room` where it is real; false where it has none.
static bool quantized(Operand operand, long count, int8_t *room, Digits *result)
{
    return operand.digits ? examine(operand.digits, count, result) : digits_of(operand.real, count, room, result);
}

#endif
