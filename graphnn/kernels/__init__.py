"""Array functions that know no layer; here the course's own, from which the reference convolution is built."""

from graphnn.kernels.im2col import col2im, determine_padding, get_im2col_indices, im2col

__all__ = ["col2im", "determine_padding", "get_im2col_indices", "im2col"]
