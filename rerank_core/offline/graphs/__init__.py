"""The networks of the local models, written as ONNX graphs in memory."""
