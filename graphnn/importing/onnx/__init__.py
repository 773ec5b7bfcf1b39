"""ONNX files as documents with weights."""
