"""Compile Theano's C modules in parallel. Theano itself compiles one after another: a minute of CNV's first start.

    with side_by_side():
        step = theano.function(inputs, output)

When the first module is not in Theano's cache, all the function's missing modules are given to as many g++ as there are
processors, and Theano then finds each done. Sources, keys and options are Theano's own, but no debug information is written
(a sixth of the time), and headers which nearly all modules include, Python's, numpy's and the compiler's, are read once for
all (another third).
"""
from __future__ import absolute_import

import contextlib
import os
import shutil

from theano.gof import FunctionGraph, cc, cmodule, compilelock, vm

from common import machine, threads
from common.files import temporary_folder

MOST = 8        # compilers at once: each takes up to 300 MB
FEW = 6         # for fewer modules of the same options precompiling the headers takes longer than it saves
ROOM = 2 ** 30  # bytes that must be free for compiled headers, of 64 MB each: g++ wants some too
HEADERS = """
#include <Python.h>
#include <numpy/arrayobject.h>
#include <numpy/arrayscalars.h>
#include <algorithm>
#include <iostream>
#include <vector>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif
"""


@contextlib.contextmanager
def side_by_side():
    """Within the block the C modules of a ``theano.function`` are compiled in parallel."""
    one_by_one, make_all = cmodule.GCC_compiler.compile_str, vm.VM_Linker.make_all
    with temporary_folder() as folder:
        modules = _Modules(one_by_one, folder)

        def noted(linker, *arguments, **named):
            modules.nodes = linker.schedule(linker.fgraph)
            return make_all(linker, *arguments, **named)
        cmodule.GCC_compiler.compile_str, vm.VM_Linker.make_all = staticmethod(modules.compile_str), noted
        try:
            yield
        finally:
            cmodule.GCC_compiler.compile_str, vm.VM_Linker.make_all = staticmethod(one_by_one), make_all


class _Modules(object):
    """The C modules of one function."""

    def __init__(self, one_by_one, folder):
        self.one_by_one, self.folder, self.nodes, self.built = one_by_one, folder, [], {}

    def compile_str(self, module_name, src_code, location=None, **options):
        """In place of Theano's: a module that is compiled already is only loaded."""
        nodes, self.nodes = self.nodes, []
        if nodes:
            self.compile_all(nodes)
        built = self.built.pop(module_name, None)
        if built is None:
            return self.one_by_one(module_name, src_code, location, **options)
        for name in os.listdir(built):
            shutil.move(os.path.join(built, name), os.path.join(location, name))
        open(os.path.join(location, '__init__.py'), 'w').close()
        return cmodule.dlimport(os.path.join(location, '%s.%s' % (module_name, cmodule.get_lib_extension())))

    def compile_all(self, nodes):
        """Compile what the nodes need and the cache lacks. What fails is left to Theano, which says why."""
        tasks = {}
        for node in nodes:
            task = _task(node)
            if task and task['module_name'] not in tasks:
                task['location'] = os.path.join(self.folder, task['module_name'])
                os.mkdir(task['location'])
                tasks[task['module_name']] = task
        if len(tasks) < 2:
            return
        longest_first = sorted(tasks.values(), key=lambda task: -len(task['src_code']))
        with threads.pool(min(machine.processors(), len(tasks), MOST)) as pool:
            self.precompile_headers(tasks.values(), pool)
            results = pool.imap_unordered(self._compile, longest_first)
            for _ in tasks:
                module_name = results.next(timeout=threads.LONG)
                if module_name:
                    self.built[module_name] = tasks[module_name]['location']
                with compilelock.lock_ctx():    # held already: refresh it, else others take it over
                    pass

    def precompile_headers(self, tasks, pool):
        """Have tasks, where many have the same options, start from headers that are compiled with these."""
        alike = {}
        for task in tasks:
            alike.setdefault(repr([task['preargs'], task['include_dirs']]), []).append(task)
        many = [tasks for tasks in alike.values() if len(tasks) >= FEW]
        disk = os.statvfs(self.folder)
        if disk.f_bavail * disk.f_frsize < ROOM:
            return
        pool.map_async(self._precompile, enumerate(many)).get(threads.LONG)

    def _precompile(self, numbered):
        number, tasks = numbered
        folder = os.path.join(self.folder, 'headers%d' % number)
        header = os.path.join(folder, 'headers.h')      # g++ takes the compiled one beside it
        try:
            os.mkdir(folder)
            self.one_by_one('headers', HEADERS, folder, py_module=False, include_dirs=tasks[0]['include_dirs'],
                            preargs=tasks[0]['preargs'] + ['-c', '-x', 'c++-header'])
            os.rename(os.path.join(folder, 'mod.cpp'), header)
            os.rename(os.path.join(folder, 'headers.' + cmodule.get_lib_extension()), header + '.gch')
        except Exception:           # another compiler, a full disk: each module reads its headers itself
            return
        for task in tasks:
            task['preargs'] = ['-include', header] + task['preargs']

    def _compile(self, task):
        try:
            self.one_by_one(py_module=False, **task)
        except Exception:
            return None
        return task['module_name']


def _task(node):
    """What Theano will ask the compiler for, as arguments of compile_str; None where it will not ask."""
    try:
        node.op.prepare_node(node, storage_map=None, compute_map=None, impl='c')
        linker = cc.CLinker().accept(FunctionGraph(node.inputs, node.outputs), no_recycling=[])
        key, cache = linker.cmodule_key(), cc.get_module_cache()
        if key in cache.entry_from_key:
            return None
        source = linker.get_src_code()
        if cmodule.get_module_hash(source, key) in cache.module_hash_to_key_data:
            return None
        return dict(module_name=linker.get_dynamic_module().code_hash, src_code=source, libs=linker.libraries(),
                    preargs=linker.compile_args() + ['-g0'],
                    include_dirs=linker.header_dirs(), lib_dirs=linker.lib_dirs())
    except Exception:       # it has no C code, or Theano itself will say what is wrong with it
        return None
