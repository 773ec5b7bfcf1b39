"""Operations of kernels/ compiled by numba, which is installed with graphnn[fast]."""
