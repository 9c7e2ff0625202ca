"""The meaning of a server's errors: its own message, with a category and a remedy."""

from benchrace.plugin import BenchraceError, chat_api

REMEDIES = chat_api.Remedies.of_table("openai")


def refusal(status: int, text: str) -> BenchraceError:
    """Return the meaning of an error response, or of an error in a successful response."""
    return chat_api.refusal(status, text, REMEDIES)
