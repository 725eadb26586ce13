"""From images to trained parameters (.npz), with Theano and Lasagne. Python 2.7 and 3.8 to 3.14."""
