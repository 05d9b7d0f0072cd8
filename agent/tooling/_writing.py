"""How a text file is written: its encoding, byte-order mark and line ends, kept when it is changed."""

import codecs
import re
from dataclasses import dataclass

from agent.core.errors import ToolFailed

_BINARY_HEAD = 8192
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_MARKS = (
    # UTF-32's little-endian mark begins with UTF-16's, so it is looked for first.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True)
class Writing:
    """The manner of a file."""

    encoding: str = "utf-8"
    mark: bytes = b""
    """The byte-order mark it begins with."""

    def encode(self, text: str) -> bytes:
        """The bytes of a text in this manner; bytes that decoding could not read come back as they were.

        Raises:
            ToolFailed: the text has half a character (a lone surrogate).
        """
        try:
            return self.mark + text.encode(self.encoding, _odd_bytes(self.encoding))
        except UnicodeEncodeError as error:
            at = text.count("\n", 0, error.start) + 1
            raise ToolFailed(f"Line {at} of the text holds half a character; it cannot be written.") from None


def decode(raw: bytes, *, is_whole: bool = True) -> tuple[str, Writing] | None:
    r"""The text of a file, or of its first part, and the manner it is written in; None when it is not text.

    >>> decode("Grüße".encode("utf-16"))
    ('Grüße', Writing(encoding='utf-16-le', mark=b'\xff\xfe'))
    """
    mark, encoding = next((each for each in _MARKS if raw.startswith(each[0])), (b"", "utf-8"))
    if encoding == "utf-8" and b"\0" in raw[:_BINARY_HEAD]:
        return None
    decoder = codecs.getincrementaldecoder(encoding)(_odd_bytes(encoding))
    try:
        text = decoder.decode(raw[len(mark) :], is_whole)
    except UnicodeDecodeError:
        return None
    return text, Writing(encoding, mark)


def _odd_bytes(encoding: str) -> str:
    return "surrogateescape" if encoding == "utf-8" else "strict"


def readable(text: str) -> str:
    r"""Text for the model: what could not be decoded is shown as replacement characters.

    >>> readable("a\udcffb")
    'a�b'
    """
    return text if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)


def has_windows_line_ends(text: str) -> bool:
    r"""Whether most lines end in CR LF.

    >>> has_windows_line_ends("a\r\nb\r\nc\n")
    True
    """
    windows = text.count("\r\n")
    return windows > 0 and 2 * windows > text.count("\n")


def with_line_ends(text: str, *, windows: bool) -> str:
    r"""The text with all its line ends of one kind.

    >>> with_line_ends("a\nb\r\n", windows=True)
    'a\r\nb\r\n'
    """
    plain = text.replace("\r\n", "\n")
    return plain.replace("\n", "\r\n") if windows else plain
