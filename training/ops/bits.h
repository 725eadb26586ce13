// Products of quantised values, counted in bits. A value of -s, 0 or +s is two bits: its sign (1: negative) and its
// mask (0: zero). The sum of n products of such values is, where m = the masks of both and d = m and different signs,
// s * (number of m - 2 * number of d): an integer times s, the same bits that float32 arithmetic gives, as long as the
// integer is below 2^24. Operands that are not of this kind are found while they are packed, and left to linear.h.

// Bits that are set in each 32-bit word.
static inline words count_bits(words value)
{
#if defined(__AVX512VPOPCNTDQ__)
    return (words)_mm512_popcnt_epi32((__m512i)value);
#elif defined(__AVX512BW__)
    const __m512i digits = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    const __m512i nibble = _mm512_set1_epi8(15), bits = (__m512i)value;
    const __m512i low = _mm512_shuffle_epi8(digits, _mm512_and_si512(bits, nibble));
    const __m512i high = _mm512_shuffle_epi8(digits, _mm512_and_si512(_mm512_srli_epi16(bits, 4), nibble));
    const __m512i pairs = _mm512_maddubs_epi16(_mm512_add_epi8(low, high), _mm512_set1_epi8(1));
    return (words)_mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
#elif defined(__AVX2__) && !defined(__AVX512F__)
    const __m256i digits = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    const __m256i nibble = _mm256_set1_epi8(15), bits = (__m256i)value;
    const __m256i low = _mm256_shuffle_epi8(digits, _mm256_and_si256(bits, nibble));
    const __m256i high = _mm256_shuffle_epi8(digits, _mm256_and_si256(_mm256_srli_epi16(bits, 4), nibble));
    const __m256i pairs = _mm256_maddubs_epi16(_mm256_add_epi8(low, high), _mm256_set1_epi8(1));
    return (words)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
#else
    words result;
    for (int i = 0; i < LANES; i++)
        result[i] = __builtin_popcount(value[i]);
    return result;
#endif
}

// 32 floats as bits: which are negative, which are not zero, and whether any is something else than 0 and +-magnitude.
static inline bool pack_word(const float *values, float magnitude, uint32_t *sign, uint32_t *mask)
{
    uint32_t negative = 0, positive = 0, nonzero = 0;
#ifdef __AVX512F__
    const __m512 above = _mm512_set1_ps(magnitude), below = _mm512_set1_ps(-magnitude), zero = _mm512_setzero_ps();
    for (int half = 0; half < 2; half++) {
        const __m512 value = _mm512_loadu_ps(values + 16 * half);
        negative |= (uint32_t)_mm512_cmp_ps_mask(value, below, _CMP_EQ_OQ) << 16 * half;
        positive |= (uint32_t)_mm512_cmp_ps_mask(value, above, _CMP_EQ_OQ) << 16 * half;
        nonzero |= (uint32_t)_mm512_cmp_ps_mask(value, zero, _CMP_NEQ_UQ) << 16 * half;
    }
#elif defined(__AVX__)
    const __m256 above = _mm256_set1_ps(magnitude), below = _mm256_set1_ps(-magnitude), zero = _mm256_setzero_ps();
    for (int part = 0; part < 4; part++) {
        const __m256 value = _mm256_loadu_ps(values + 8 * part);
        negative |= (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(value, below, _CMP_EQ_OQ)) << 8 * part;
        positive |= (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(value, above, _CMP_EQ_OQ)) << 8 * part;
        nonzero |= (uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(value, zero, _CMP_NEQ_UQ)) << 8 * part;
    }
#else
    for (int i = 0; i < 32; i++) {
        negative |= (uint32_t)(values[i] == -magnitude) << i;
        positive |= (uint32_t)(values[i] == magnitude) << i;
        nonzero |= (uint32_t)(values[i] != 0) << i;
    }
#endif
    *sign = negative;
    *mask = nonzero;
    return nonzero == (negative | positive);
}

// The absolute value of the first that is not zero; 1 where all are.
static float magnitude_of(const float *values, long count)
{
    for (long i = 0; i < count; i++)
        if (values[i] != 0)
            return fabsf(values[i]);
    return 1;
}

struct Bits {
    uint32_t *signs, *masks;
    float magnitude;
    bool full;          // no value is zero
};

// Rows of `inputs` floats each, packed into words_of(inputs) words; false where a value does not fit.
static inline long words_of(long inputs) { return (inputs + 31) / 32; }

static bool pack_rows(const float *values, long rows, long inputs, Bits *bits)
{
    const long count = words_of(inputs), rest = inputs % 32;
    const float magnitude = bits->magnitude = magnitude_of(values, rows * inputs);
    bool fits = true, full = true;
#pragma omp parallel for schedule(static) reduction(&& : fits) reduction(&& : full)
    for (long row = 0; row < rows; row++) {
        const float *from = values + row * inputs;
        uint32_t *signs = bits->signs + row * count, *masks = bits->masks + row * count, all = ~(uint32_t)0;
        for (long w = 0; w < inputs / 32; w++) {
            fits = pack_word(from + 32 * w, magnitude, signs + w, masks + w) && fits;
            all &= masks[w];
        }
        if (rest) {
            float padded[32] = {0};
            for (long i = 0; i < rest; i++)
                padded[i] = from[inputs - rest + i];
            fits = pack_word(padded, magnitude, signs + count - 1, masks + count - 1) && fits;
            full = full && masks[count - 1] == ((uint32_t)1 << rest) - 1;
        }
        full = full && all == ~(uint32_t)0;
    }
    bits->full = full;
    return fits;
}

// Weights are packed with LANES outputs side by side: [output / LANES][word][output % LANES].

// Of a matrix (inputs, outputs).
static bool pack_matrix(const float *W, long inputs, long outputs, Bits *bits)
{
    const long count = words_of(inputs);
    const float magnitude = bits->magnitude = magnitude_of(W, outputs * inputs);
    bool fits = true, full = true;
#pragma omp parallel for schedule(static) reduction(&& : fits) reduction(&& : full)
    for (long w = 0; w < count; w++)
        for (long first = 0; first < outputs; first += LANES) {
            const long width = smaller(LANES, outputs - first);
            const int used = (int)smaller(32, inputs - 32 * w);
            const words all = words{} + (used == 32 ? ~(uint32_t)0 : ((uint32_t)1 << used) - 1);
            words sign = {}, mask = {}, wrong = {};
            for (int bit = 0; bit < used; bit++) {
                const float *from = W + (32 * w + bit) * outputs + first;
                float edge[LANES];
                if (width < LANES) {
                    for (long j = 0; j < LANES; j++)
                        edge[j] = j < width ? from[j] : magnitude;
                    from = edge;
                }
                const floats value = load(from);
                const words negative = (words)(value == -magnitude), nonzero = (words)(value != 0);
                sign |= negative & (words{} + ((uint32_t)1 << bit));
                mask |= nonzero & (words{} + ((uint32_t)1 << bit));
                wrong |= nonzero & ~(negative | (words)(value == magnitude));
            }
            const words empty = mask ^ all;
            for (int j = 0; j < LANES; j++) {
                fits = fits && !wrong[j];
                full = full && !empty[j];
            }
            const long at = (first / LANES * count + w) * LANES;
            memcpy(bits->signs + at, &sign, sizeof sign);
            memcpy(bits->masks + at, &mask, sizeof mask);
        }
    bits->full = full;
    return fits;
}

// Of filters (filters, channels, 3, 3), words over channels; `rows` holds a filter for each thread.
static bool pack_kernels(const float *W, long filters, long channels, Bits *bits, float *rows)
{
    const long each = channels / 32, count = 9 * each;
    const float magnitude = bits->magnitude = magnitude_of(W, filters * channels * 9);
    bool fits = true, full = true;
#pragma omp parallel for schedule(static) reduction(&& : fits) reduction(&& : full)
    for (long filter = 0; filter < (long)round_up(filters, LANES); filter++) {
        float *row = rows + thread_number() * channels * 9;
        const float *from = W + filter * channels * 9;
        for (long c = 0; filter < filters && c < channels; c++)
            for (long t = 0; t < 9; t++)
                row[t * channels + c] = from[c * 9 + t];
        for (long w = 0; w < count; w++) {
            const long at = (filter / LANES * count + w) * LANES + filter % LANES;
            bits->signs[at] = 0;
            bits->masks[at] = ~(uint32_t)0;
            if (filter < filters)
                fits = pack_word(row + w * 32, magnitude, bits->signs + at, bits->masks + at) && fits;
            full = full && bits->masks[at] == ~(uint32_t)0;
        }
    }
    bits->full = full;
    return fits;
}

// What each output pixel reads: `runs` runs of `run` words, `stride` words apart.
struct Runs {
    long runs, run, stride;
    long total() const { return runs * run; }
};

enum { PIXELS = 4, GROUPS = LANES == 16 ? 4 : 2 };     // a tile of PIXELS x GROUPS vectors of counts stays in registers

template <bool TERNARY, int COUNT>
static inline void count_tile(const uint32_t *const *signs, const uint32_t *const *masks, const Runs &runs,
                              const uint32_t *W_signs, const uint32_t *W_masks, words different[PIXELS][COUNT],
                              words both[PIXELS][COUNT])
{
    const long group = runs.total() * LANES;
    for (int i = 0; i < PIXELS; i++)
        for (int v = 0; v < COUNT; v++)
            different[i][v] = both[i][v] = words{};
    for (long r = 0; r < runs.runs; r++)
        for (long w = 0; w < runs.run; w++) {
            const long at = r * runs.stride + w, weight = (r * runs.run + w) * LANES;
            words sign[COUNT], mask[COUNT];
#pragma GCC unroll 4
            for (int v = 0; v < COUNT; v++) {
                sign[v] = *(const loose_words *)(W_signs + v * group + weight);
                if (TERNARY)
                    mask[v] = *(const loose_words *)(W_masks + v * group + weight);
            }
#pragma GCC unroll 4
            for (int i = 0; i < PIXELS; i++)
#pragma GCC unroll 4
                for (int v = 0; v < COUNT; v++)
                    if (TERNARY) {
                        const words m = masks[i][at] & mask[v];
                        both[i][v] += count_bits(m);
                        different[i][v] += count_bits((signs[i][at] ^ sign[v]) & m);
                    } else
                        different[i][v] += count_bits((signs[i][at] ^ sign[v]) & masks[i][at]);
        }
}

static inline uint32_t count_masks(const uint32_t *masks, const Runs &runs)
{
    uint32_t count = 0;
    for (long r = 0; r < runs.runs; r++)
        for (long w = 0; w < runs.run; w++)
            count += __builtin_popcount(masks[r * runs.stride + w]);
    return count;
}

// COUNT groups of LANES outputs, from `group` on, for PIXELS pixels of which `valid` are wanted.
template <bool TERNARY, int COUNT>
static inline void count_groups(const uint32_t *const *signs, const uint32_t *const *masks, const Runs &runs,
                                const Bits &W, long group, const uint32_t *seen, float scale, const float *bias,
                                float *out, long outputs, long valid)
{
    words different[PIXELS][COUNT], both[PIXELS][COUNT];
    const long skip = group * runs.total() * LANES;
    count_tile<TERNARY, COUNT>(signs, masks, runs, W.signs + skip, W.masks + skip, different, both);
    for (long i = 0; i < valid; i++)
        for (int v = 0; v < COUNT; v++) {
            const long first = (group + v) * LANES, width = smaller(LANES, outputs - first);
            const words total = TERNARY ? both[i][v] : words{} + seen[i];
            const words difference = total - different[i][v] - different[i][v];
            float *to = out + i * outputs + first;
            int32_t sums[LANES];
            memcpy(sums, &difference, sizeof sums);
            if (width == LANES)
                for (int j = 0; j < LANES; j++)
                    to[j] = (float)sums[j] * scale + (bias ? bias[first + j] : 0.f);
            else
                for (long j = 0; j < width; j++)
                    to[j] = (float)sums[j] * scale + (bias ? bias[first + j] : 0.f);
        }
}

// Outputs of all pixels. `start(pixel)` is the first word that a pixel reads.
template <bool TERNARY, class Start>
static void count_products(const Bits &x, const Bits &W, const Runs &runs, Start start, long pixels, long inputs,
                           const float *bias, float *out, long outputs)
{
    const long groups = (outputs + LANES - 1) / LANES;
    const float scale = x.magnitude * W.magnitude;
#pragma omp parallel for schedule(static)
    for (long pixel = 0; pixel < pixels; pixel += PIXELS) {
        const uint32_t *signs[PIXELS], *masks[PIXELS];
        uint32_t seen[PIXELS];
        const long valid = smaller(PIXELS, pixels - pixel);
        for (long i = 0; i < PIXELS; i++) {
            const long at = start(smaller(pixel + i, pixels - 1));
            signs[i] = x.signs + at;
            masks[i] = x.masks + at;
            seen[i] = TERNARY ? 0 : x.full ? (uint32_t)inputs : count_masks(masks[i], runs);
        }
        float *to = out + pixel * outputs;
        long group = 0;
        for (; group + GROUPS <= groups; group += GROUPS)
            count_groups<TERNARY, GROUPS>(signs, masks, runs, W, group, seen, scale, bias, to, outputs, valid);
        for (; group < groups; group++)
            count_groups<TERNARY, 1>(signs, masks, runs, W, group, seen, scale, bias, to, outputs, valid);
    }
}

// --- dense layers --------------------------------------------------------------------------------------------------

struct RowStart {
    long words;
    long operator()(long row) const { return row * words; }
};

// As dense_any, for quantised operands; false, and nothing done, for others.
static bool dense_bits(const float *x, const float *W, const float *bias, float *out, long batch, long inputs,
                       long units, Bits x_bits, Bits W_bits)
{
    const long count = words_of(inputs);
    if (!pack_rows(x, batch, inputs, &x_bits) || !pack_matrix(W, inputs, units, &W_bits))
        return false;
    const Runs runs = {1, count, 0};
    const RowStart start = {count};
    if (W_bits.full)
        count_products<false>(x_bits, W_bits, runs, start, batch, inputs, bias, out, units);
    else
        count_products<true>(x_bits, W_bits, runs, start, batch, inputs, bias, out, units);
    return true;
}

// --- convolutions --------------------------------------------------------------------------------------------------

struct PatchStart {
    const long *patches;
    long operator()(long pixel) const { return patches[pixel] / 32; }
};

// As conv_any, for quantised operands and channels in multiples of 32; false, and nothing done, for others.
static bool conv_bits(const float *x, const float *W, const float *bias, float *out, const Geometry &g,
                      const long *patches, Bits x_bits, Bits W_bits, float *filters)
{
    const long each = g.channels / 32;
    if (g.channels % 32)
        return false;
    if (!pack_rows(x, g.batch * g.rows * g.columns, g.channels, &x_bits) ||
        !pack_kernels(W, g.filters, g.channels, &W_bits, filters))
        return false;
    const Runs runs = {3, 3 * each, g.columns * each};
    const PatchStart start = {patches};
    if (W_bits.full)
        count_products<false>(x_bits, W_bits, runs, start, g.total(), g.fan_in(), bias, out, g.filters);
    else
        count_products<true>(x_bits, W_bits, runs, start, g.total(), g.fan_in(), bias, out, g.filters);
    return true;
}
