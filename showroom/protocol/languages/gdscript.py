"""What GDScript needs of the protocol: messages are dictionaries there, so the bones alone."""

from __future__ import annotations

from ..bones import VRM_BONES


def gdscript(base: str) -> str:
    """The source of ``bones.gd``.

    Args:
        base: the class of counted objects: Godot 3's ``Reference``, or ``RefCounted``.
    """
    names = "".join(f'\t"{name}",\n' for name in VRM_BONES)
    return (
        "# Written by `python -m showroom.protocol.languages`; do not edit.\n"
        "# VRM 1.0's humanoid bones, in the order that compact frames number them.\n"
        f"extends {base}\n\n"
        f"const NAMES = [\n{names}]\n"
    )
