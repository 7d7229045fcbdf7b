"""A body from photos: silhouettes drawn, learned from, and read.

* :mod:`.population`, :mod:`.stance`, :mod:`.clothing`, :mod:`.viewpoint` - what a camera may see;
  :mod:`.profile` - how wide the trunk is behind all that.
* :mod:`.example`, :mod:`.bank`, :mod:`.noise` - examples on disk, and what masks do to them.
* :mod:`.network`, :mod:`.training`, :mod:`.score` - the network that reads measures.
* :mod:`.portrait`, :mod:`.person`, :mod:`.person_training` - finding the person in a photo.
* :mod:`.reader`, :mod:`.photo` - from masks, and from photos, to a body.

The visit needs none of this: torch is imported by those that use a network alone. Visitors'
photos and bodies are values here, never written.
"""
