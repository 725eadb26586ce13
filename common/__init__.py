"""What every room shares: the facts of the networks, options, the run folder, errors for the user, whole files.

Only the standard library, Python 2.7 and 3.
"""
