// The shapes of conv.c's arrays, whose layouts are described there.
#ifndef TRAINING_OPS_CONV_SHAPES_H
#define TRAINING_OPS_CONV_SHAPES_H

#include "support.h"

typedef struct {
    long batch, rows, columns, channels, filters, out_rows, out_columns, pixels, taps, run;
} Geometry; // pixels: of the whole batch's y

static Geometry geometry_of(long batch, long rows, long columns, long channels, long filters)
{
    Geometry g = {batch, rows, columns, channels, filters, rows - 2, columns - 2, 0, 9 * channels, 3 * channels};
    g.pixels = batch * g.out_rows * g.out_columns;
    return g;
}

// The gradient of conv's y: of each pixel, or, if a max pool follows, of each window, which every winner gets whole, as in
// Theano's own pooling on the CPU.
typedef struct {
    const float *dy;
    const int8_t *winners; // NULL: of each pixel
} Gradient;

#endif
