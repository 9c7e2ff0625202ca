"""Language models on llama.cpp, on one machine or spread over several; a plugin of benchrace."""
