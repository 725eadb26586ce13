"""Pictures and arrays in, labelled images out: every data set, known or your own. NumPy and Pillow, no Theano."""
