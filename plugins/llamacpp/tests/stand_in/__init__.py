"""Stand-ins for llama-server and ggml-rpc-server, which speak as the recorded ones did."""
