/* {{ title }}
 *
{% for key, text in facts %}
 * {{ key }}: {{ text }}
{% endfor %}
 *
 * {{ constants }} bytes of constants, {{ 4 * buffers|sum }} bytes of static RAM, a few hundred bytes of stack; no allocation, no floating
 * point, no other file. The buffers are static: one image at a time, in one thread.
 *
 * Values are bits, 32 to a word. A 1-bit value, -1 or +1, is one bit; a 2-bit value, -1, 0 or +1, one bit in each of two
 * words side by side: whether it is not 0, and whether it is +1. If two vectors are both not 0 in n places, and differ
 * in sign in d of these, their dot product is n - 2d. An output is the number of its thresholds that the dot product
 * reaches. Max pooling takes the largest dot product, which reaches the most.
 */
#include "{{ file }}.h"

#define X_PLANES {{ overlay.activation_bits }}      /* words side by side for 32 inputs, for 32 weights */
#define W_PLANES {{ overlay.weight_bits }}

{{ arrays }}
static uint32_t buffer_a[{{ buffers[0] }}], buffer_b[{{ buffers[1] }}];      /* one layer's inputs, and its outputs */

static int ones(uint32_t v)
{
#if defined __POPCNT__ || defined __riscv_zbb
    return __builtin_popcount(v);
#else
    v -= v >> 1 & 0x55555555u;
    v = (v & 0x33333333u) + (v >> 2 & 0x33333333u);
    v = (v + (v >> 4)) & 0x0f0f0f0fu;
    return (int)(v * 0x01010101u >> 24);
#endif
}

/* Counts the places where a window is not 0: `strips` strips of `words` words, each `stride` after the one before. */
static int places(const uint32_t *x, int strips, int stride, int words, int fan_in)
{
#if X_PLANES == 1
    (void)x, (void)strips, (void)stride, (void)words;
    return fan_in;
#else
    int n = 0, k;

    (void)fan_in;
    for (; strips--; x += stride)
        for (k = 0; k < words; k++)
            n += ones(x[2 * k]);
    return n;
#endif
}

/* The dot product of such a window with a row of weights; `n` is the result of places(). */
static int dot(const uint32_t *x, int strips, int stride, int words, int n, const uint32_t *w)
{
    int differ = 0, k;
#if W_PLANES == 2
    n = 0;
#endif
    for (; strips--; x += stride, w += words * W_PLANES)
        for (k = 0; k < words; k++) {
#if W_PLANES == 2
            uint32_t both = x[2 * k] & w[2 * k];

            n += ones(both);
            differ += ones((x[2 * k + 1] ^ w[2 * k + 1]) & both);
#elif X_PLANES == 2
            differ += ones((x[2 * k + 1] ^ w[k]) & x[2 * k]);
#else
            differ += ones(x[k] ^ w[k]);
#endif
        }
    return n - 2 * differ;
}

/* Writes output number `row` of a pixel into its words. */
static void put(uint32_t *y, int row, int sum, const int16_t *thresholds)
{
    uint32_t bit = (uint32_t)1 << row % 32;

    y += row / 32 * X_PLANES;
    if (row % 32 == 0) {
        y[0] = 0;
        y[X_PLANES - 1] = 0;
    }
#if X_PLANES == 2
    {
        int n = (sum >= thresholds[2 * row]) + (sum >= thresholds[2 * row + 1]);

        if (n != 1)
            y[0] |= bit;
        if (n == 2)
            y[1] |= bit;
    }
#else
    if (sum >= thresholds[row])
        y[0] |= bit;
#endif
}

/* A layer: all windows of `kernel` x `kernel` in `side` x `side` pixels of `words` words each. pool: 2 takes the largest
 * of each 2 x 2, 1 does not pool. A dense layer has one pixel, and one window of one pixel. */
static void layer(const uint32_t *x, int side, int kernel, int words, int fan_in, const uint32_t *weights,
                  const int16_t *thresholds, int rows, int pool, uint32_t *y)
{
    int stride = side * words * X_PLANES, out = side - kernel + 1, i, j, row, p;

    for (i = 0; i < out; i += pool)
        for (j = 0; j < out; j += pool, y += rows / 32 * X_PLANES) {
            const uint32_t *window[4], *w = weights;
            int n[4];

            for (p = 0; p < pool * pool; p++) {
                window[p] = x + (i + p / 2) * stride + (j + p % 2) * words * X_PLANES;
                n[p] = places(window[p], kernel, stride, kernel * words, fan_in);
            }
            for (row = 0; row < rows; row++, w += kernel * kernel * words * W_PLANES) {
                int sum = dot(window[0], kernel, stride, kernel * words, n[0], w);

                for (p = 1; p < pool * pool; p++) {
                    int other = dot(window[p], kernel, stride, kernel * words, n[p], w);

                    if (other > sum)
                        sum = other;
                }
                put(y, row, sum, thresholds);
            }
        }
}

{% if overlay.network.black_and_white %}
/* The pixels as bits: white is +1. */
static void first(const uint8_t *image, uint32_t *y)
{
    int k;

    for (k = 0; k < {{ first.words }} * X_PLANES; k++)
        y[k] = 0;
    for (k = 0; k < {{ first.fan_in }}; k++) {
        uint32_t *word = y + k / 32 * X_PLANES, bit = (uint32_t)1 << k % 32;

        word[0] |= X_PLANES == 2 || image[k] >= {{ first.white }} ? bit : 0;
        word[X_PLANES - 1] |= image[k] >= {{ first.white }} ? bit : 0;
    }
}
{% else %}
/* The first layer. Its inputs are 8-bit pixels p, as 2 p / 255 - 1 in units of 1/128. */
static void first(const uint8_t *image, uint32_t *y)
{
    int i, j, k, row;

    for (i = 0; i < {{ first.side }}; i++)
        for (j = 0; j < {{ first.side }}; j++, y += {{ first.rows }} / 32 * X_PLANES) {
            const int8_t *w = weights_0;
            int16_t window[{{ first.fan_in }}];

            for (k = 0; k < {{ first.fan_in }}; k++) {
                int value = (512 * image[((i + k / {{ first.strip }}) * {{ first.columns }} + j) * {{ first.inputs }} + k % {{ first.strip }}] + 255) / 510 - 128;

                window[k] = (int16_t)(value < 127 ? value : 127);
            }
            for (row = 0; row < {{ first.rows }}; row++, w += {{ first.fan_in }}) {
                int sum = 0;

                for (k = 0; k < {{ first.fan_in }}; k++)
                    sum += window[k] * w[k];
                put(y, row, sum, thresholds_0);
            }
        }
}
{% endif %}

{% if highest %}
/* The last layer: a bit for each class; the highest bit that is set is the answer. */
static int last(const uint32_t *x, int16_t *scores)
{
    int n = places(x, 1, 0, {{ last.words }}, {{ last.fan_in }}), answer = 0, row;

    for (row = 0; row < {{ last.rows }}; row++) {
        scores[row] = dot(x, 1, 0, {{ last.words }}, n, weights_{{ last.index }} + row * {{ last.words }} * W_PLANES) >= thresholds_{{ last.index }}[row];
        if (scores[row])
            answer = row;
    }
    return answer;
}
{% else %}
/* The last layer: its sums give the scores; the first of the largest is the answer. */
static int last(const uint32_t *x, int16_t *scores)
{
    int n = places(x, 1, 0, {{ last.words }}, {{ last.fan_in }}), answer = 0, row;

    for (row = 0; row < {{ last.rows }}; row++) {
        scores[row] = (int16_t)((dot(x, 1, 0, {{ last.words }}, n, weights_{{ last.index }} + row * {{ last.words }} * W_PLANES) + {{ last.offset }}) / {{ last.divisor }});
        if (scores[row] > scores[answer])
            answer = row;
    }
    return answer;
}
{% endif %}

int {{ name }}_classify(const uint8_t *image, int16_t *scores)
{
{{ calls }}
}
