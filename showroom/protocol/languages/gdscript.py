"""What GDScript needs of the protocol: messages are dictionaries there, so the bones alone."""

from __future__ import annotations

from ..bones import VRM_BONES


def gdscript() -> str:
    """The source of ``bones.gd``."""
    names = "".join(f'\t"{name}",\n' for name in VRM_BONES)
    return (
        "# Written by `python -m showroom.protocol.languages`; do not edit.\n"
        "# VRM 1.0's humanoid bones, in the order that compact frames number them.\n"
        "extends Reference\n\n"
        f"const NAMES = [\n{names}]\n"
    )
