"""What all other folders use: the networks' facts, options, the run folder, errors for the user, whole files.

Only the standard library, Python 2.7 and 3.
"""
