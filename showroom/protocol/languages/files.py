"""Which file holds the messages in which language."""

from __future__ import annotations

from .cpp import cpp
from .csharp import csharp
from .gdscript import gdscript
from .model import protocol
from .typescript import typescript


def files() -> dict[str, str]:
    """Path from the repository's root to contents, of every generated file."""
    model = protocol()
    return {
        "clients/web/src/core/messages.ts": typescript(model),
        "clients/unity/Runtime/Core/Messages.cs": csharp(model),
        "clients/unreal/Source/ShowroomCore/Public/Messages.h": cpp(model),
        "clients/godot/godot3/addons/showroom/bones.gd": gdscript("Reference"),
        "clients/godot/godot4/addons/showroom/bones.gd": gdscript("RefCounted"),
    }
