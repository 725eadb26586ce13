// For instruction sets that cannot compress the chosen lanes of a vector.

// Those of 32 values, and of their places, whose bit is set, without gaps.
static inline long list_chosen(const float *from, const int32_t *at, uint32_t chosen, float *values, int32_t *places)
{
    long length = 0;
    for (; chosen; chosen &= chosen - 1, length++) {
        values[length] = from[__builtin_ctz(chosen)];
        places[length] = at[__builtin_ctz(chosen)];
    }
    return length;
}
