"""Pictures and arrays in, labelled images out: every data set, known or one's own. NumPy and Pillow, no Theano."""
