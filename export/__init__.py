"""Export a packed network as ONNX, QONNX, a C file or a web page; each computes what the board does."""
