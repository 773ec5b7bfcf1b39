"""The same operations as kernels/, compiled for the processor by numba, which is installed with graphnn[fast]."""
