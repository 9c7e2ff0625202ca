"""The machines that central knows: their links, engines and models."""
