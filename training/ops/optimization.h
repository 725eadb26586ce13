// One step of Adam in one pass over its arrays, in place.

struct Step {
    float rate;         // bias-corrected
    float scale;        // of the step
    bool clip;          // the result to [-1, 1]
};

template <int BITS> static inline float quantized(float W)
{
    const float total = W + 1.f;        // the comparisons of training/quantization.py
    if (BITS == 1)
        return total > 1.f ? 1.f : -1.f;
    return total >= 1.5f ? 1.f : total > .5f ? 0.f : -1.f;
}

// BITS 0: no quantised copy.
template <int BITS>
static void adam(float *W, const float *gradient, float *mean, float *variance, float *copy, long size, Step step)
{
    const float beta1 = .9, beta2 = .999, new1 = 1. - .9, new2 = 1. - .999, epsilon = 1e-8;
#pragma omp parallel for simd schedule(static) if (size > 20000)
    for (long i = 0; i < size; i++) {
        const float g = gradient[i];
        mean[i] = beta1 * mean[i] + new1 * g;
        variance[i] = beta2 * variance[i] + new2 * (g * g);
        float value = W[i] - step.scale * (step.rate * mean[i] / (sqrtf(variance[i]) + epsilon));
        if (step.clip)
            value = value < -1.f ? -1.f : value > 1.f ? 1.f : value;
        W[i] = value;
        if (BITS)
            copy[i] = quantized<BITS>(value);
    }
}

// The array itself, to be changed in place; a copy where it is not, or not contiguous.
static inline PyArrayObject *own(PyArrayObject *array, bool in_place)
{
    if (!in_place || !PyArray_ISCARRAY(array))
        return (PyArrayObject *)PyArray_NewCopy(array, NPY_CORDER);
    Py_INCREF(array);
    return array;
}
