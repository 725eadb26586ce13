"""Simulate the board, package a network and deploy it. numpy, Python 2.7 and 3."""
