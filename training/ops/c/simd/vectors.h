// Vectors of LANES floats or 32-bit integers, or of 4 * LANES bytes; each instruction set's header defines LANES. + - * & ^
// and comparisons work on them.

typedef float floats __attribute__((vector_size(4 * LANES)));
typedef uint32_t words __attribute__((vector_size(4 * LANES)));
typedef int32_t integers __attribute__((vector_size(4 * LANES)));
typedef float loose_floats __attribute__((vector_size(4 * LANES), aligned(4), may_alias)); // in memory, unaligned
typedef uint32_t loose_words __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

typedef int8_t bytes __attribute__((vector_size(4 * LANES)));
typedef int8_t loose_bytes __attribute__((vector_size(4 * LANES), aligned(1), may_alias));

static inline floats load(const float *from) { return *(const loose_floats *)from; }
static inline void store(float *to, floats value) { *(loose_floats *)to = value; }
static inline words load_words(const uint32_t *from) { return *(const loose_words *)from; }
static inline void store_words(uint32_t *to, words value) { *(loose_words *)to = value; }

// A loop over the lanes would compile to sixteen instructions instead of one. x - 0 is x, even for -0.
static inline floats floats_of(float value) { return value - (floats){0}; }
