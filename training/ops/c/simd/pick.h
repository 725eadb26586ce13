// For instruction sets that cannot permute lanes by a vector of indices.

enum { PICKED = LANES == 16 ? 4 : LANES == 8 ? 3 : 2 }; // bits that choose one of a table's LANES floats

static inline floats pick(const float *table, words index)
{
    floats result;
    for (int i = 0; i < LANES; i++)
        result[i] = table[index[i] % LANES];
    return result;
}
