// A stand-in for cuBLAS that computes nothing: the functions that libgpuarray looks up, and the version of CUDA 10.2.

#define NOTHING(name)                                                                                                  \
    int name(void) { return 0; }

NOTHING(cublasCreate_v2)
NOTHING(cublasDestroy_v2)
NOTHING(cublasSetStream_v2)
NOTHING(cublasSetPointerMode_v2)
NOTHING(cublasGetPointerMode_v2)
NOTHING(cublasSetAtomicsMode)
NOTHING(cublasSdot_v2)
NOTHING(cublasDdot_v2)
NOTHING(cublasSgemv_v2)
NOTHING(cublasDgemv_v2)
NOTHING(cublasSger_v2)
NOTHING(cublasDger_v2)
NOTHING(cublasSgemm_v2)
NOTHING(cublasDgemm_v2)
NOTHING(cublasSgemmEx)
NOTHING(cublasGemmEx)
NOTHING(cublasSgemmBatched)
NOTHING(cublasDgemmBatched)
NOTHING(cublasSgemmStridedBatched)
NOTHING(cublasDgemmStridedBatched)
NOTHING(cublasHgemmStridedBatched)

int cublasGetProperty(int which, int *value) { return *value = which == 0 ? 10 : 2, 0; }
