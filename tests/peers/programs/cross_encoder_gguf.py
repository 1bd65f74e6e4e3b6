"""The cross-encoder of this computer as a GGUF file, the form that llama.cpp reads: `... PATH_OF_MODEL_ONNX VOCAB OUT`.

The weights are the published ones, as floats. A GGUF reranker has a first dense layer with tanh (`cls`) and a second to
one number (`cls.output`), which is BERT's pooler and classifier.
"""

import sys
from pathlib import Path

import gguf
import numpy as np

from rerank_core.offline.graphs.onnx_format import read_initializers
from rerank_core.offline.ms_marco import MsMarcoMiniLM

onnx, vocabulary, out = map(Path, sys.argv[1:4])
data = memoryview(onnx.read_bytes())
model, tensors = MsMarcoMiniLM(data), read_initializers(data)
pieces = vocabulary.read_text("utf-8").split()
CONTROL = ("[PAD]", "[CLS]", "[SEP]", "[MASK]")
EMBEDDINGS = "bert.embeddings."


def piece(token: str) -> str:
    """A word's first piece is marked in a GGUF, in WordPiece its later ones are."""
    if token.startswith("[") and token.endswith("]"):
        return token
    return token[2:] if token.startswith("##") else "\u2581" + token


def kind(token: str) -> int:
    """What sort of token it is."""
    if token in CONTROL:
        return gguf.TokenType.CONTROL
    return gguf.TokenType.UNKNOWN if token == "[UNK]" else gguf.TokenType.NORMAL


def embedding(name: str) -> np.ndarray:
    """A table of embeddings as floats."""
    whole = f"{EMBEDDINGS}{name}.weight"
    values = tensors[f"{whole}_quantized"].astype(np.float32) - np.float32(tensors[f"{whole}_zero_point"])
    return values * np.float32(tensors[f"{whole}_scale"])


writer = gguf.GGUFWriter(out, "bert")
layers = model.layers()
writer.add_name("ms-marco-MiniLM-L-12-v2")
writer.add_block_count(len(layers))
writer.add_context_length(model.window)
writer.add_embedding_length(model.shape.hidden)
writer.add_feed_forward_length(layers[0].up.bias.size)
writer.add_head_count(model.shape.heads)
writer.add_layer_norm_eps(model.shape.epsilon)
writer.add_causal_attention(False)
writer.add_file_type(gguf.LlamaFileType.ALL_F32)
writer.add_pooling_type(gguf.PoolingType.RANK)
writer.add_token_type_count(2)
writer.add_tokenizer_model("bert")
writer.add_tokenizer_pre("default")
writer.add_token_list([piece(token) for token in pieces])
writer.add_token_types([kind(token) for token in pieces])
writer.add_unk_token_id(pieces.index("[UNK]"))
writer.add_pad_token_id(pieces.index("[PAD]"))
writer.add_bos_token_id(pieces.index("[CLS]"))
writer.add_eos_token_id(pieces.index("[SEP]"))
writer.add_sep_token_id(pieces.index("[SEP]"))
writer.add_mask_token_id(pieces.index("[MASK]"))


def add(name: str, weight: np.ndarray, bias: np.ndarray | None = None) -> None:
    """A weight and its bias. Dense layers are stored as output by input."""
    writer.add_tensor(f"{name}.weight", np.ascontiguousarray(weight.astype(np.float32)))
    if bias is not None:
        writer.add_tensor(f"{name}.bias", np.ascontiguousarray(bias.astype(np.float32)))


add("token_embd", embedding("word_embeddings"))
add("position_embd", embedding("position_embeddings"))
add("token_types", embedding("token_type_embeddings"))
add("token_embd_norm", model.norm.scale, model.norm.shift)
for place, layer in enumerate(layers):
    block = f"blk.{place}."
    for name, dense in (
        ("attn_q", layer.query),
        ("attn_k", layer.key),
        ("attn_v", layer.value),
        ("attn_output", layer.attention_output),
        ("ffn_up", layer.up),
        ("ffn_down", layer.down),
    ):
        add(block + name, dense.floats().T, dense.bias)
    add(block + "attn_output_norm", layer.attention_norm.scale, layer.attention_norm.shift)
    add(block + "layer_output_norm", layer.output_norm.scale, layer.output_norm.shift)
head = model.head()
add("cls", head.pooler.floats().T, head.pooler.bias)
add("cls.output", head.classifier.floats().T, head.classifier.bias)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
