#!/usr/bin/env python3
"""Prints one SkyPilot job of five tasks, sky-train.yaml for each network, each on its own spot T4.

    python3 docker/cloud/sky_networks.py > networks.yaml
    sky jobs launch networks.yaml --env BUCKET=my-bnn-runs
"""
import os
import re
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(os.path.dirname(FOLDER)))

from common.overlays import OVERLAYS  # noqa: E402


def task(text, **values):
    """The task file with new values for some top-level or environment names."""
    for name, value in values.items():
        text, count = re.subn(r'(?m)^((?:  )?%s:) .*$' % name, lambda match: '%s %s' % (match.group(1), value), text)
        if count != 1:
            raise ValueError('sky-train.yaml has %d lines %s:' % (count, name))
    return text


def main():
    with open(os.path.join(FOLDER, 'sky-train.yaml')) as handle:
        text = re.sub(r'(?m)^ *#.*\n', '', handle.read()).strip()
    print('name: bnn-networks\nexecution: parallel')
    for overlay in OVERLAYS.values():
        print('---\n' + task(text, name=overlay.name.lower(), NET=overlay.net, WB=overlay.weight_bits,
                             AB=overlay.activation_bits))


if __name__ == '__main__':
    main()
