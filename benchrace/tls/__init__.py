"""TLS: certificates of servers, agents and operators, and whom a client trusts."""
