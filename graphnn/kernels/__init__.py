"""Operations on arrays, independent of layers; exported here: the course's im2col, the reference for convolution."""

from graphnn.kernels.im2col import col2im, determine_padding, get_im2col_indices, im2col

__all__ = ["col2im", "determine_padding", "get_im2col_indices", "im2col"]
