// Theano's arrays, for the calls that native.py generates. Theano compiles this as C++; the ops themselves are plain C.

// A C-contiguous view of an input (itself, or a copy), released at the end of the scope.
struct Input {
    PyArrayObject *array;
    explicit Input(PyArrayObject *any) : array((PyArrayObject *)PyArray_GETCONTIGUOUS(any)) {}
    ~Input() { Py_XDECREF(array); }
    bool valid() const { return array != NULL; }
    template <class T> const T *data() const { return (const T *)PyArray_DATA(array); }
    // The size of an axis, counted from the last, which is 1; and the number of elements of all axes up to it.
    long from_end(int place) const { return (long)PyArray_DIM(array, PyArray_NDIM(array) - place); }
    long leading(int place) const
    {
        long elements = 1;
        for (int i = PyArray_NDIM(array); i >= place; i--)
            elements *= from_end(i);
        return elements;
    }
    Operand operand() const
    {
        const bool digits = PyArray_TYPE(array) == NPY_INT8;
        const Operand result = {digits ? NULL : data<float>(), digits ? data<int8_t>() : NULL};
        return result;
    }

private:
    Input(const Input &);
    Input &operator=(const Input &);
};

// An output of this shape, C-contiguous, contents undefined: the previous call's array if it fits.
static inline void *output(PyArrayObject **array, int type, int dimensions, const npy_intp *shape)
{
    bool fits =
        *array && PyArray_NDIM(*array) == dimensions && PyArray_ISCARRAY(*array) && PyArray_TYPE(*array) == type;
    for (int i = 0; fits && i < dimensions; i++)
        fits = PyArray_DIM(*array, i) == shape[i];
    if (!fits) {
        Py_XDECREF(*array);
        *array = (PyArrayObject *)PyArray_EMPTY(dimensions, (npy_intp *)shape, type, 0);
    }
    return *array ? PyArray_DATA(*array) : NULL;
}

static inline void *output_like(PyArrayObject **array, int type, const Input &input)
{
    return output(array, type, PyArray_NDIM(input.array), PyArray_DIMS(input.array));
}

// An output that starts with an input's values: the array itself if it may be overwritten, else a copy.
static inline void *own(PyArrayObject **array, PyArrayObject *input, bool in_place)
{
    PyArrayObject *result = input;
    if (in_place && PyArray_ISCARRAY(input))
        Py_INCREF(input);
    else
        result = (PyArrayObject *)PyArray_NewCopy(input, NPY_CORDER);
    Py_XDECREF(*array);
    *array = result;
    return result ? PyArray_DATA(result) : NULL;
}

// Whether a size is what the other sizes require; sets the Python error if not.
static inline bool agrees(const char *op, const char *array, int number, long size, const char *meaning, long expected)
{
    if (size == expected)
        return true;
    PyErr_Format(PyExc_ValueError, "%s: dimension %d of %s is %ld, but %s is %ld", op, number, array, size, meaning,
                 expected);
    return false;
}

static inline bool positive(const char *op, const char *meaning, long size)
{
    if (size < 1)
        PyErr_Format(PyExc_ValueError, "%s: the inputs are too small: %s is %ld", op, meaning, size);
    return size >= 1;
}

static inline bool succeeded(const char *op, int failure)
{
    if (failure == NO_MEMORY)
        PyErr_NoMemory();
    else if (failure)
        PyErr_Format(PyExc_ValueError, "%s: an operand that must be quantised has other values than -s, 0 and +s", op);
    return !failure;
}
