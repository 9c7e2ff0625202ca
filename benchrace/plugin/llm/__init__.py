"""Engines that generate text; all of them are measured in the same way."""

from benchrace.plugin.llm import chat_api
from benchrace.plugin.llm.backend import TextBackend
from benchrace.plugin.llm.locality import Whereabouts, endpoint, whereabouts
from benchrace.plugin.llm.prompt import Ask
from benchrace.plugin.llm.response.delta import Delta
from benchrace.plugin.llm.response.error_body import ErrorBody, find_error
from benchrace.plugin.llm.response.foreign import error_of
from benchrace.plugin.llm.response.oddities import Oddities
from benchrace.plugin.llm.response.parts import Parts, read_parts
from benchrace.plugin.llm.response.words import words
from benchrace.plugin.llm.text_lane import Loaded, TextLane
from benchrace.plugin.llm.waiting import times_are_credible

__all__ = [
    "Ask",
    "Delta",
    "ErrorBody",
    "Loaded",
    "Oddities",
    "Parts",
    "TextBackend",
    "TextLane",
    "Whereabouts",
    "chat_api",
    "endpoint",
    "error_of",
    "find_error",
    "read_parts",
    "times_are_credible",
    "whereabouts",
    "words",
]
