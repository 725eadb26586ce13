// What the kernels share: vectors of the machine's width, work space, and arrays of Theano's graph.
// Compiled by Theano with the machine's own instruction set (-march=native); every loop also works without any.
#ifndef TRAINING_OPS_COMMON_H
#define TRAINING_OPS_COMMON_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif
#ifdef _OPENMP
#include <omp.h>
#endif

#if defined(__AVX512F__)
enum { LANES = 16 };
#elif defined(__AVX__)
enum { LANES = 8 };
#else
enum { LANES = 4 };
#endif

typedef float floats __attribute__((vector_size(4 * LANES)));
typedef float loose_floats __attribute__((vector_size(4 * LANES), aligned(4), may_alias));     // in memory, anywhere
typedef uint32_t words __attribute__((vector_size(4 * LANES)));
typedef uint32_t loose_words __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

static inline floats load(const float *from) { return *(const loose_floats *)from; }
static inline void store(float *to, floats value) { *(loose_floats *)to = value; }
static inline long round_up(long number, long multiple) { return (number + multiple - 1) / multiple * multiple; }
static inline long smaller(long a, long b) { return a < b ? a : b; }

static inline int thread_count()
{
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    return 1;
#endif
}

static inline int thread_number()
{
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

static inline int team_size()
{
#ifdef _OPENMP
    return omp_get_num_threads();
#else
    return 1;
#endif
}

// Memory that a node keeps from call to call: fresh pages would cost more than what is computed in them.
struct Workspace {
    char *data;
    size_t size;
    Workspace() : data(NULL), size(0) {}
    ~Workspace() { free(data); }
    char *take(size_t bytes)
    {
        if (bytes > size) {
            free(data);
            data = NULL;
            size = 0;
            void *fresh;
            if (posix_memalign(&fresh, 64, bytes)) {
                PyErr_NoMemory();
                return NULL;
            }
            data = (char *)fresh;
            size = bytes;
        }
        return data;
    }
};

// Cuts a Workspace into aligned pieces: first a round with no memory to count, then one to hand out.
struct Pieces {
    char *next;
    size_t total;
    explicit Pieces(char *start) : next(start), total(0) {}
    template <class T> T *take(size_t count)
    {
        size_t bytes = round_up(count * sizeof(T), 64);
        char *piece = next;
        total += bytes;
        next += next ? bytes : 0;
        return (T *)piece;
    }
};

// A C-contiguous view of an input (itself, or a copy), released at the end of the scope.
struct Input {
    PyArrayObject *array;
    explicit Input(PyArrayObject *any) : array((PyArrayObject *)PyArray_GETCONTIGUOUS(any)) {}
    ~Input() { Py_XDECREF(array); }
    bool valid() const { return array != NULL; }
    const float *data() const { return (const float *)PyArray_DATA(array); }
    npy_intp *shape() const { return PyArray_DIMS(array); }
    npy_intp size() const { return PyArray_SIZE(array); }

private:
    Input(const Input &);
    Input &operator=(const Input &);
};

// An output of this shape, C-contiguous, its contents undefined: the one of the call before where it fits.
static inline float *output(PyArrayObject **array, int dimensions, const npy_intp *shape)
{
    bool fits = *array && PyArray_NDIM(*array) == dimensions && PyArray_ISCARRAY(*array) &&
                PyArray_TYPE(*array) == NPY_FLOAT32;
    for (int i = 0; fits && i < dimensions; i++)
        fits = PyArray_DIMS(*array)[i] == shape[i];
    if (!fits) {
        Py_XDECREF(*array);
        *array = (PyArrayObject *)PyArray_EMPTY(dimensions, (npy_intp *)shape, NPY_FLOAT32, 0);
    }
    return *array ? (float *)PyArray_DATA(*array) : NULL;
}

#endif
