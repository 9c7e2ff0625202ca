"""Lanes whose load several machines make together, joined from the raw records of all of them."""
