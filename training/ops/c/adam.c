// One step of Adam in one pass over its arrays, in place; adam.py defines BETA1, BETA2, EPSILON and QUANTIZE.
#include "support.h"

static int adam(const float *gradient, const float *rate, float *parameter, float *mean, float *variance, long size,
                Workspace *workspace)
{
    const float step = *rate;
    (void)workspace;
#pragma omp parallel for simd schedule(static) if (size > 20000)
    for (long i = 0; i < size; i++) {
        const float g = gradient[i];
        mean[i] = (float)BETA1 * mean[i] + (float)(1 - BETA1) * g;
        variance[i] = (float)BETA2 * variance[i] + (float)(1 - BETA2) * (g * g);
        parameter[i] -= step * mean[i] / (sqrtf(variance[i]) + (float)EPSILON);
    }
    return 0;
}

// The same for quantised weights: the step times `scale`, the result clipped to [-1, 1]; `copy` becomes QUANTIZE(W).
static int adam_quantized(const float *gradient, const float *rate, const float *scale, float *W, float *mean,
                          float *variance, int8_t *copy, long size, Workspace *workspace)
{
    const float step = *rate, factor = *scale;
    (void)workspace;
#pragma omp parallel for simd schedule(static) if (size > 20000)
    for (long i = 0; i < size; i++) {
        const float g = gradient[i];
        mean[i] = (float)BETA1 * mean[i] + (float)(1 - BETA1) * g;
        variance[i] = (float)BETA2 * variance[i] + (float)(1 - BETA2) * (g * g);
        const float value = W[i] - factor * (step * mean[i] / (sqrtf(variance[i]) + (float)EPSILON));
        W[i] = value < -1.f ? -1.f : value > 1.f ? 1.f : value;
        copy[i] = (int8_t)QUANTIZE(W[i]);
    }
    return 0;
}
