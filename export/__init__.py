"""Ways out of a packed parameter folder: ONNX, QONNX, a C file, a web page; each gives what the board computes."""
