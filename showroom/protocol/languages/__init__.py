"""The message types in other languages, written from the one definition.

``python -m showroom.protocol.languages`` writes every client's file; a test keeps them in step.
"""
