"""What scripts/prove_gpu.sh runs: the GPU's graph on OpenCL, and CUDA's code path on a driver that does nothing."""
