"""What one call asked and was answered, as lines on a terminal: all of it comes from outside and is shown literally."""

from collections.abc import Iterator

from bursar.cli.log_lines import moment
from bursar.contract.content import CallContent, media_words, passages, state_of
from bursar.contract.shown import shown_text


def content_lines(content: CallContent) -> Iterator[str]:
    """A call's content as lines: who said it, and what. It comes from outside and is shown literally."""
    yield f"exchange  {content.exchange_id}, of the key {content.key}, {moment(content.at_ms)}"
    state = state_of(content)
    if state:
        yield f"note      {state}"
    for number, item in enumerate(content.media):
        yield f"          {media_words(number, item)}"
    for passage in passages(content):
        yield ""
        yield f"── {passage.who or 'note'}"
        yield from shown_text(passage.text).replace("\t", "    ").split("\n")
