"""What all three rooms share: errors meant for the user, and files that appear whole or not at all.

Only the standard library, Python 2.7 and 3.
"""
