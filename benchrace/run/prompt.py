"""Prompts on a topic: written by a model, or built without one. Pure."""

import hashlib
from itertools import product

# As for synthetic prompts: an English word is about 1.3 tokens for common tokenizers.
TOKENS_A_WORD = 1.3
# A model may count otherwise, and write a little more.
_ROOM = 2
_MIN_TOKENS = 64
_OPENINGS = (
    "Write a clear and complete explanation of {about}.",
    "You are an expert who teaches. Explain {about} to somebody who is new to it.",
    "Prepare a report about {about} for a team that has to decide what to do next.",
    "Write an article about {about}, with an introduction, a main part and a conclusion.",
)
_ASPECTS = (
    "say what it is, and what it is not",
    "describe how it came about",
    "name its most important parts and how they work together",
    "give a worked example with numbers",
    "compare it with the best known alternative",
    "list three common mistakes and how to avoid them",
    "explain what it costs in time, money and effort",
    "say how its success can be measured",
    "name the limits beyond which it fails",
    "describe how it may change over the next ten years",
    "give two arguments for it and two against it",
    "say which questions about it are still open",
)
_READERS = (
    "a curious reader",
    "an engineer",
    "a student",
    "somebody who has to pay for it",
    "a sceptic",
    "a child of ten years",
    "a historian",
    "somebody who works with it every day",
)


def instruction(about: str, tokens: int) -> str:
    """Return the instruction to write a prompt about `about`, of about `tokens` tokens."""
    words = max(5, round(tokens / TOKENS_A_WORD))
    return (
        f"Write one prompt of about {words} words that asks a language model for a text. "
        "It is used to measure how fast models answer, so it has to be clear, harmless, and to "
        "need no files, links or tools. Give the prompt alone: no title, no quotation marks, no "
        f"explanation, and do not answer it.\n\nThe prompt is about: {about}"
    )


def room(tokens: int) -> int:
    """Return how many tokens a model may use for a prompt of that length."""
    return max(_MIN_TOKENS, tokens * _ROOM)


def built(about: str, tokens: int) -> str:
    """Build a prompt of about `tokens` tokens without a model, deterministically."""
    draw = int.from_bytes(hashlib.sha256(about.encode()).digest()[:4], "big")
    parts = [_OPENINGS[draw % len(_OPENINGS)].format_map({"about": about})]
    wanted = tokens / TOKENS_A_WORD
    words = len(parts[0].split())
    angles = list(product(_READERS, _ASPECTS))
    for number in range(len(angles)):
        reader, aspect = angles[(draw + number) % len(angles)]
        sentence = f"For {reader}, {aspect}."
        words += len(sentence.split())
        if words > wanted:
            break
        parts.append(sentence)
    return " ".join(parts)


def cleaned(text: str) -> str:
    """Remove what models put around a prompt although they were told not to."""
    text = text.strip()
    head, colon, rest = text.partition(":")
    if colon and head.strip("*# ").casefold() in ("prompt", "here is the prompt"):
        text = rest.strip("* \n")
    for left, right in (('"', '"'), ("“", "”"), ("'", "'")):
        inside = text[1:-1]
        around = len(text) > 1 and text.startswith(left) and text.endswith(right)
        if around and left not in inside and right not in inside:
            return inside.strip()
    return text
