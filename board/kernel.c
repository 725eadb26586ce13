/* The overlay's dot products on 64-bit words: XNOR (here: XOR) and popcount. board/kernel.py compiles and calls this.
 *
 * Values are bits. 1-bit values, -1 and +1, are one plane of bits. 2-bit values, -1, 0 and +1, are two planes whose
 * words alternate: first which values are not zero, then which are +1. The dot product of two 1-bit vectors of length n
 * that differ in d places is n - 2d; with zeros, n and d count only the places where neither is zero.
 *
 * A layer's rows (its outputs) come in blocks of 32; a block's weights are, for each word (for each plane), the words
 * of its 32 rows side by side, so that a vector unit computes 8 rows at once. A row's output is one bit for each
 * threshold: whether its dot product exceeds it. Max pooling is an OR of these bits.
 *
 * kernel.py guarantees every size: a conv layer's windows are 3x3 and fit its input, outputs that are pooled have an
 * even side, rows are a multiple of 64, channels too where they come in bits, the first layer has thresholds, and the
 * arrays are as large as the fields say.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 32 /* rows */
#define LARGEST_IMAGE (32 * 32 * 3)
#define FOURS 9 /* groups of 4 values in a window of 8-bit inputs: 3 rows of 9, each padded to 12 */

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "written for little-endian processors"
#endif

struct layer {
    int32_t in_dim, out_dim; /* rows (= columns) of a conv's feature maps; 0 and 1 for a dense layer */
    int32_t words;           /* of 64 values, in a window or in a dense layer's input */
    int32_t rows;
    int32_t input_planes; /* 1 or 2; 0: 8-bit inputs */
    int32_t weight_planes;
    int32_t steps; /* thresholds of a row: 1 or 2; 0: the dot products are the network's scores */
    int32_t pool;
    /* uint64_t [rows/32][words][weight_planes][32] and int64_t [rows/32][steps][32];
     * for 8-bit inputs, int8_t [rows/32][9][32][4] and int32_t */
    const void *weights, *thresholds;
};

/* ---- 32 dot products, and which of them exceed their thresholds ---- */

#if defined __AVX512VPOPCNTDQ__ && defined __AVX512VNNI__
#include <immintrin.h>

struct sums {
    __m512i lane[BLOCK / 8];
};

static inline __attribute__((always_inline)) struct sums dot_products(const uint64_t *x, const uint64_t *w, int words,
                                                                      int x_planes, int w_planes, int64_t places)
{
    __m512i differ[BLOCK / 8], places_of[BLOCK / 8];
    struct sums sums;
    for (int i = 0; i < BLOCK / 8; i++) {
        differ[i] = _mm512_setzero_si512();
        places_of[i] = w_planes == 2 ? _mm512_setzero_si512() : _mm512_set1_epi64(places);
    }
    for (int k = 0; k < words; k++, x += x_planes, w += BLOCK * w_planes) {
        __m512i plus = _mm512_set1_epi64(x[x_planes - 1]);
        __m512i not_zero = _mm512_set1_epi64(x_planes == 2 ? x[0] : ~(uint64_t)0);
        for (int i = 0; i < BLOCK / 8; i++) {
            __m512i sign = _mm512_loadu_si512(w + BLOCK * (w_planes - 1) + 8 * i);
            __m512i bits = _mm512_xor_si512(plus, sign);
            if (w_planes == 2) {
                __m512i both = _mm512_and_si512(not_zero, _mm512_loadu_si512(w + 8 * i));
                places_of[i] = _mm512_add_epi64(places_of[i], _mm512_popcnt_epi64(both));
                bits = _mm512_and_si512(bits, both);
            } else if (x_planes == 2)
                bits = _mm512_and_si512(bits, not_zero);
            differ[i] = _mm512_add_epi64(differ[i], _mm512_popcnt_epi64(bits));
        }
    }
    for (int i = 0; i < BLOCK / 8; i++)
        sums.lane[i] = _mm512_sub_epi64(places_of[i], _mm512_slli_epi64(differ[i], 1));
    return sums;
}

static inline uint32_t exceeding(const struct sums *sums, const int64_t *thresholds)
{
    uint32_t bits = 0;
    for (int i = 0; i < BLOCK / 8; i++)
        bits |= (uint32_t)_mm512_cmpgt_epi64_mask(sums->lane[i], _mm512_loadu_si512(thresholds + 8 * i)) << (8 * i);
    return bits;
}

/* All windows of an image of 8-bit inputs, for one block of rows: VNNI adds 4 of a row's products at once. */
static void convolve_block(const uint8_t *image, int in_dim, int out_dim, int steps, const int8_t *weights,
                           const int32_t *thresholds, uint32_t *bits, int stride)
{
    for (int y = 0; y < out_dim; y++)
        for (int x = 0; x < out_dim; x++, bits += stride) {
            __m512i low = _mm512_setzero_si512(), high = low;
            for (int k = 0; k < FOURS; k++) {
                int32_t four;
                memcpy(&four, image + ((y + k / 3) * in_dim + x) * 3 + k % 3 * 4, 4);
                __m512i values = _mm512_set1_epi32(four);
                low = _mm512_dpbusd_epi32(low, values, _mm512_loadu_si512(weights + 4 * BLOCK * k));
                high = _mm512_dpbusd_epi32(high, values, _mm512_loadu_si512(weights + 4 * BLOCK * k + 64));
            }
            for (int step = 0; step < steps; step++) {
                const int32_t *t = thresholds + step * BLOCK;
                bits[2 * step] = _mm512_cmpgt_epi32_mask(low, _mm512_loadu_si512(t)) |
                                 (uint32_t)_mm512_cmpgt_epi32_mask(high, _mm512_loadu_si512(t + 16)) << 16;
            }
        }
}

#else

struct sums {
    int64_t lane[BLOCK];
};

static inline __attribute__((always_inline)) struct sums dot_products(const uint64_t *x, const uint64_t *w, int words,
                                                                      int x_planes, int w_planes, int64_t places)
{
    struct sums sums;
    for (int first = 0; first < BLOCK; first += 8) { /* 8 sums fit the registers */
        int64_t differ[8] = {0}, places_of[8] = {0};
        for (int k = 0; k < words; k++) {
            uint64_t plus = x[k * x_planes + x_planes - 1], not_zero = x_planes == 2 ? x[k * x_planes] : ~(uint64_t)0;
            const uint64_t *row = w + k * BLOCK * w_planes + first;
            for (int i = 0; i < 8; i++) {
                uint64_t bits = plus ^ row[BLOCK * (w_planes - 1) + i];
                if (w_planes == 2) {
                    uint64_t both = not_zero & row[i];
                    places_of[i] += __builtin_popcountll(both);
                    bits &= both;
                } else if (x_planes == 2)
                    bits &= not_zero;
                differ[i] += __builtin_popcountll(bits);
            }
        }
        for (int i = 0; i < 8; i++)
            sums.lane[first + i] = (w_planes == 2 ? places_of[i] : places) - 2 * differ[i];
    }
    return sums;
}

static inline uint32_t exceeding(const struct sums *sums, const int64_t *thresholds)
{
    uint32_t bits = 0;
    for (int i = 0; i < BLOCK; i++)
        bits |= (uint32_t)(sums->lane[i] > thresholds[i]) << i;
    return bits;
}

/* All windows of an image of 8-bit inputs, for one block of rows. 16 bits hold the sums: 27 * 255 at most. */
static void convolve_block(const uint8_t *image, int in_dim, int out_dim, int steps, const int8_t *weights,
                           const int32_t *thresholds, uint32_t *bits, int stride)
{
    typedef int16_t values __attribute__((vector_size(2 * BLOCK))); /* the compiler splits these if it has to */
    values by_column[4 * FOURS], limits[2];
    for (int k = 0; k < 4 * FOURS; k++)
        for (int r = 0; r < BLOCK; r++)
            by_column[k][r] = weights[(k / 4 * BLOCK + r) * 4 + k % 4];
    for (int i = 0; i < steps * BLOCK; i++)
        limits[i / BLOCK][i % BLOCK] = (int16_t)thresholds[i];
    for (int y = 0; y < out_dim; y++)
        for (int x = 0; x < out_dim; x++, bits += stride) {
            values sums = {0};
            for (int ky = 0; ky < 3; ky++)
                for (int k = 0; k < 9; k++)
                    sums += by_column[12 * ky + k] * image[((y + ky) * in_dim + x) * 3 + k];
            for (int step = 0; step < steps; step++) {
                values above = sums > limits[step];
                uint32_t word = 0;
                for (int r = 0; r < BLOCK; r++)
                    word |= (uint32_t)(above[r] & 1) << r;
                bits[2 * step] = word;
            }
        }
}

#endif

/* ---- layers ---- */

/* Which half word of a point a block's bits go to: two blocks share a word, and the words of the steps alternate. */
static inline int half_word(int block, int step, int steps) { return (block / 2 * steps + step) * 2 + block % 2; }

static inline __attribute__((always_inline)) void matrix(const struct layer *layer, const uint64_t *windows,
                                                         int64_t count, int x_planes, int w_planes, uint32_t *bits,
                                                         int32_t *scores)
{
    int words = layer->words, steps = layer->steps, stride = layer->rows / BLOCK * steps;
    for (int block = 0; block < layer->rows / BLOCK; block++) {
        const uint64_t *w = (const uint64_t *)layer->weights + (int64_t)block * words * w_planes * BLOCK;
        const int64_t *t = (const int64_t *)layer->thresholds + (int64_t)block * steps * BLOCK;
        for (int64_t i = 0; i < count; i++) {
            const uint64_t *x = windows + i * words * x_planes;
            int64_t places = 64 * words;
            if (x_planes == 2 && w_planes == 1) {
                places = 0;
                for (int k = 0; k < words; k++)
                    places += __builtin_popcountll(x[2 * k]);
            }
            struct sums sums = dot_products(x, w, words, x_planes, w_planes, places);
            if (steps == 0) {
                int64_t values[BLOCK];
                memcpy(values, &sums, sizeof values);
                for (int r = 0; r < BLOCK; r++)
                    scores[i * layer->rows + block * BLOCK + r] = (int32_t)values[r];
            }
            for (int step = 0; step < steps; step++)
                bits[i * stride + half_word(block, step, steps)] = exceeding(&sums, t + step * BLOCK);
        }
    }
}

static void multiply(const struct layer *layer, const uint64_t *windows, int64_t count, uint32_t *bits, int32_t *scores)
{
    const int planes = 10 * layer->input_planes + layer->weight_planes;
    if (planes == 11)
        matrix(layer, windows, count, 1, 1, bits, scores);
    else if (planes == 12)
        matrix(layer, windows, count, 1, 2, bits, scores);
    else if (planes == 21)
        matrix(layer, windows, count, 2, 1, bits, scores);
    else
        matrix(layer, windows, count, 2, 2, bits, scores);
}

/* The 3x3 windows of an image, one after the other; a point's channels are `words` words. */
static void unfold(const uint64_t *image, int in_dim, int out_dim, int words, uint64_t *windows)
{
    for (int y = 0; y < out_dim; y++)
        for (int x = 0; x < out_dim; x++)
            for (int ky = 0; ky < 3; ky++, windows += 3 * words)
                memcpy(windows, image + ((y + ky) * in_dim + x) * words, 3 * words * sizeof *windows);
}

/* 2x2 max pooling in place: the largest value exceeds every threshold that any of the four exceeds. */
static void pool(uint64_t *image, int dim, int words)
{
    uint64_t *out = image;
    for (int y = 0; y < dim; y += 2)
        for (int x = 0; x < dim; x += 2)
            for (int k = 0; k < words; k++) {
                const uint64_t *in = image + (y * dim + x) * words + k;
                *out++ = in[0] | in[words] | in[dim * words] | in[dim * words + words];
            }
}

/* Turns the bits of two thresholds into the planes of -1 (neither exceeded), 0 (one) and +1 (both). */
static void to_planes(uint64_t *bits, int64_t words)
{
    for (int64_t k = 0; k < words; k++, bits += 2) {
        uint64_t one = bits[0] | bits[1], both = bits[0] & bits[1];
        bits[0] = both | ~one;
        bits[1] = both;
    }
}

static void pack_pixels(const uint8_t *table, const uint8_t *pixels, int count, int words, uint64_t *bits)
{
    memset(bits, 0, words * sizeof *bits);
    for (int i = 0; i < count; i++)
        bits[i / 64] |= (uint64_t)table[pixels[i]] << (i % 64);
}

/* ---- networks ---- */

struct buffers {
    uint64_t *bits, *windows;
}; /* outputs between layers; the windows that a layer multiplies */

static int allocate(struct buffers *buffers, const struct layer *layers, int count, int64_t images)
{
    int64_t bits = layers[0].words, windows = 1;
    for (int i = 0; i < count; i++) {
        int64_t points = (int64_t)layers[i].out_dim * layers[i].out_dim;
        int64_t out = points * layers[i].rows / 64 * 2, in = points * layers[i].words * 2;
        bits = out > bits ? out : bits;
        windows = in > windows ? in : windows;
    }
    buffers->bits = malloc(images * bits * sizeof *buffers->bits);
    buffers->windows = malloc(images * windows * sizeof *buffers->windows);
    return buffers->bits && buffers->windows;
}

static void convolve_pixels(const struct layer *layer, const uint8_t *table, const uint8_t *image, uint32_t *bits)
{
    uint8_t values[LARGEST_IMAGE + 4] = {0}; /* the last window's padding is read past the image */
    int steps = layer->steps;
    for (int k = 0; k < layer->in_dim * layer->in_dim * 3; k++)
        values[k] = table[image[k]];
    for (int block = 0; block < layer->rows / BLOCK; block++)
        convolve_block(values, layer->in_dim, layer->out_dim, steps,
                       (const int8_t *)layer->weights + block * FOURS * BLOCK * 4,
                       (const int32_t *)layer->thresholds + block * steps * BLOCK, bits + half_word(block, 0, steps),
                       layer->rows / BLOCK * steps);
}

static void first_layer(const struct layer *layer, const uint8_t *table, int pixels, const uint8_t *images,
                        int64_t count, struct buffers buffers)
{
    uint32_t *bits = (uint32_t *)buffers.bits;
    int64_t halves = (int64_t)layer->out_dim * layer->out_dim * layer->rows / BLOCK * layer->steps;
    for (int64_t i = 0; i < count; i++, images += pixels)
        if (layer->input_planes == 0)
            convolve_pixels(layer, table, images, bits + i * halves);
        else
            pack_pixels(table, images, pixels, layer->words, buffers.windows + i * layer->words);
    if (layer->input_planes)
        multiply(layer, buffers.windows, count, bits, NULL);
}

static void next_layer(const struct layer *layer, int64_t count, struct buffers buffers, int32_t *scores)
{
    int64_t in = layer->words * layer->input_planes;
    if (layer->in_dim) {
        int channels = layer->words / 9 * layer->input_planes;
        int64_t points = (int64_t)layer->out_dim * layer->out_dim;
        for (int64_t i = 0; i < count; i++)
            unfold(buffers.bits + i * layer->in_dim * layer->in_dim * channels, layer->in_dim, layer->out_dim, channels,
                   buffers.windows + i * points * in);
        count *= points;
    } else
        memcpy(buffers.windows, buffers.bits, count * in * sizeof *buffers.bits);
    multiply(layer, buffers.windows, count, (uint32_t *)buffers.bits, scores);
}

static void finish_layer(const struct layer *layer, int64_t count, struct buffers buffers)
{
    int dim = layer->out_dim, words = layer->rows / 64 * layer->steps;
    if (layer->pool) {
        int64_t before = (int64_t)dim * dim * words, after = before / 4;
        for (int64_t i = 0; i < count; i++) {
            pool(buffers.bits + i * before, dim, words);
            memmove(buffers.bits + i * after, buffers.bits + i * before, after * sizeof *buffers.bits);
        }
        dim /= 2;
    }
    if (layer->steps == 2)
        to_planes(buffers.bits, count * dim * dim * layer->rows / 64);
}

/* Computes the last layer's outputs for each image: dot products, or bits if it has thresholds.
 *
 * table: what the first layer reads for each pixel value, a bit or 8 bits.
 * at_once: how many images go through a layer together.
 * Returns 0, or -1 if there is not enough memory. Keeps no state: several threads may call it.
 */
int run(const struct layer *layers, int layer_count, const uint8_t *table, int pixels, const uint8_t *images,
        int64_t image_count, int64_t at_once, int32_t *outputs)
{
    const struct layer *last = layers + layer_count - 1;
    struct buffers buffers;
    int done = allocate(&buffers, layers, layer_count, at_once);
    for (int64_t start = 0; done && start < image_count; start += at_once) {
        int64_t count = image_count - start < at_once ? image_count - start : at_once;
        int32_t *scores = outputs + start * last->rows;
        first_layer(layers, table, pixels, images + start * pixels, count, buffers);
        for (int i = 1; i < layer_count; i++) {
            finish_layer(layers + i - 1, count, buffers);
            next_layer(layers + i, count, buffers, scores);
        }
        if (last->steps)
            for (int64_t i = 0; i < count * last->rows; i++)
                scores[i] = buffers.bits[i / 64] >> (i % 64) & 1;
    }
    free(buffers.bits);
    free(buffers.windows);
    return done ? 0 : -1;
}
