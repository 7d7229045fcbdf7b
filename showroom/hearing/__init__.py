"""Hearing: audio in; turns, partial and final transcripts out."""
