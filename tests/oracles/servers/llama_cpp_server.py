"""llama.cpp's own server, on the port that it is given, with the tiny model of `llama_cpp_model.py`.

python llama_cpp_server.py FILE PORT
"""

from __future__ import annotations

import sys
import threading

import llama_cpp_model
import xllamacpp

if __name__ == "__main__":
    file, port = sys.argv[1:]
    llama_cpp_model.write(file)
    parameters = xllamacpp.CommonParams()
    parameters.model.path = file
    parameters.model_alias = {"tiny"}
    parameters.port = int(port)
    parameters.n_ctx = 8192
    parameters.n_parallel = 2
    parameters.n_gpu_layers = 0
    parameters.use_jinja = True
    parameters.warmup = False
    # What comes next is certain, and the most probable is taken.
    parameters.sampling.temp = 0
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)
    threading.Event().wait()
