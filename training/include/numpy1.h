// What Theano 1.0.5's C++ takes from numpy 1's headers, and numpy 2's no longer have; included before all else there
// (training/removed.py says it to the compiler).
#pragma once
#if __has_include(<numpy/arrayobject.h>) // not in the little programs that Theano tries the compiler with
#include <Python.h>
#include <numpy/arrayobject.h>

// From numpy/npy_3kcompat.h: that this is Python 3, and Python 2's names for its integers.
#define NPY_PY3K
#define PyInt_Check PyLong_Check
#define PyInt_AsLong PyLong_AsLong
#define PyInt_FromLong PyLong_FromLong

// PyArray_DESCR(array)->elsize: numpy 2 shows the fields of a number's type under another type only, of which this is a
// pointer; it still is what numpy's functions take.
class Numpy1Descr
{
    PyArray_Descr *descr;

public:
    explicit Numpy1Descr(const PyArrayObject *array) : descr(PyArray_DESCR(array)) {}
    _PyArray_LegacyDescr *operator->() const { return (_PyArray_LegacyDescr *)descr; }
    operator PyArray_Descr *() const { return descr; }
    operator PyObject *() const { return (PyObject *)descr; }
};
#define PyArray_DESCR(array) Numpy1Descr(array)
#endif
