"""Speech, intents and conversation: sentences of English and Chinese into commands in SI units."""

from .context import Clarify, Context, Entity, Thing, Understanding
from .interpreter import Interpreter, understand
from .replies import reply

__all__ = [
    "Clarify",
    "Context",
    "Entity",
    "Interpreter",
    "Thing",
    "Understanding",
    "reply",
    "understand",
]
