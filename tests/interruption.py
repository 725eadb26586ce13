"""Ctrl-C at a chosen call of a function.

    interrupt = at_call(monkeypatch, os, 'rename')
    interrupt(2, after=True)        # after the second call from now
"""
from __future__ import absolute_import


def at_call(monkeypatch, owner, name):
    """Replace ``owner.name``; returns a function of the number of the call, and whether to make that call first.

    Its attribute `left` counts the calls still to come; it is 0 or less once interrupted.
    """
    real, state = getattr(owner, name), {}

    def interrupted(*arguments):
        interrupt.left -= 1
        if interrupt.left == 0 and not state['after']:
            raise KeyboardInterrupt
        result = real(*arguments)
        if interrupt.left == 0:
            raise KeyboardInterrupt
        return result

    def interrupt(number, after):
        interrupt.left, state['after'] = number, after
    interrupt(0, False)
    monkeypatch.setattr(owner, name, interrupted)
    return interrupt
