"""Every error that this package raises on purpose.

All of them derive from :class:`ReconstructionError` and say which field was wrong, what was
expected and what came, so that a command line, a batch or a server can show the same sentence.

* :class:`PhotoError` - the file is no usable photograph (unreadable, huge, animated, truncated).
* :class:`NoProductError` - a good photograph, but no product of a known family is in it.
* :class:`ParameterError` - a parameter, choice or declared size is unknown or out of its range.
* :class:`ProductFileError` - a product folder, GLB or JSON does not follow the schema.
* :class:`ReconstructorError` - another reconstructor is missing, out of reach, late or failed.
* :class:`ScanError` - a depth scan is unreadable, incomplete, or shows no product.
* :class:`WeightsError` - the network's weights are missing or do not match their network.
"""

from __future__ import annotations


class ReconstructionError(Exception):
    """Base of the package's errors.

    Args:
        message: one sentence that names the remedy where there is one.
        field: dotted name of what was wrong, such as ``"photo.width"``.
        expected: what would have been accepted.
        got: what came, shortened; never photo content.
    """

    code = "reconstruction"

    def __init__(self, message: str, *, field: str = "", expected: str = "", got: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.expected = expected
        self.got = got

    def __str__(self) -> str:
        detail = f" (expected {self.expected}, got {self.got})" if self.expected else ""
        return f"{self.message}{detail}"


class PhotoError(ReconstructionError):
    """The file is no usable photograph."""

    code = "photo"


class NoProductError(ReconstructionError):
    """The photograph shows no product of a known family."""

    code = "no_product"


class ParameterError(ReconstructionError):
    """A parameter, choice or declared size is unknown or out of range."""

    code = "parameter"


class ProductFileError(ReconstructionError):
    """A product folder, GLB or JSON document does not follow its schema."""

    code = "product_file"


class ScanError(ReconstructionError):
    """A depth scan is unreadable, incomplete, or shows no product."""

    code = "scan"


class WeightsError(ReconstructionError):
    """Network weights are missing or do not match the network."""

    code = "weights"


class ReconstructorError(ReconstructionError):
    """Another reconstructor is missing, cannot be reached, is late or sends what is no mesh."""

    code = "reconstructor"
