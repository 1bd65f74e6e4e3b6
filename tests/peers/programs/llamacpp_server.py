"""llama.cpp's own HTTP server, as xllamacpp brings it: `... GGUF PORT KEY POOLING`, where POOLING is rank or mean.

"rank" is what llama-server's --reranking sets; "mean" is a server that was started without it.
"""

import signal
import sys

import xllamacpp

path, port, key, pooling = sys.argv[1:5]
asked = xllamacpp.CommonParams()
asked.model.path = path
asked.embedding = True
asked.pooling_type = getattr(xllamacpp.llama_pooling_type, f"LLAMA_POOLING_TYPE_{pooling.upper()}")
asked.port, asked.n_ctx, asked.n_parallel, asked.warmup = int(port), 512, 1, False
asked.api_keys = [key]
asked.cpuparams.n_threads = asked.cpuparams_batch.n_threads = 1  # its threads wait for each other by spinning
server = xllamacpp.Server(asked)
signal.pause()
