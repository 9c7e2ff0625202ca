"""Workers on other machines: rpc-server, its protocol, and what it lends."""
