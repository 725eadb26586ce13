"""Ctrl-C at a chosen call of a function.

    interrupt = at_call(monkeypatch, os, 'rename')
    interrupt(2, after=True)        # behind the second call from now on
"""
from __future__ import absolute_import


def at_call(monkeypatch, owner, name):
    """Replace ``owner.name``; what is returned takes the number of the call and whether it is made first.

    Its attribute `left` is how many calls are still to come; not above 0 once it was interrupted.
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
