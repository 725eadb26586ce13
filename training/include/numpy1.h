// What Theano 1.0.5's C++ takes from numpy 1's headers and numpy 2's no longer have. With numpy 2, it is included before
// everything else, by a compiler option (training/removed.py).
#pragma once
#if __has_include(<numpy/arrayobject.h>) // numpy is not there when Theano tries the compiler with small programs
#include <Python.h>
#include <numpy/arrayobject.h>

// From numpy/npy_3kcompat.h: the macro for Python 3, and Python 2's names for integers.
#define NPY_PY3K
#define PyInt_Check PyLong_Check
#define PyInt_AsLong PyLong_AsLong
#define PyInt_FromLong PyLong_FromLong

// PyArray_DESCR(array)->elsize: numpy 2 has the fields of a dtype only in another type, to which this acts as a pointer; it
// still converts to what numpy's functions take.
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
