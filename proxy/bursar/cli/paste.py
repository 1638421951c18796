"""What to paste into the programs that are to use the proxy."""

from collections.abc import Iterator


def paste_lines(base_url: str, key: str, client: str, model: str) -> Iterator[str]:
    """The lines, for a key that is shown this once (empty: it was shown before), and a model to ask for."""
    shown_key = key or "bk-… (as it was shown)"
    yield ""
    if key:
        yield f'The client key "{client}", shown this once:'
        yield f"  {key}"
        yield ""
    yield "Start the proxy:      bursar serve"
    yield "In the background:    bursar service install"
    yield "Watch it:             bursar watch"
    yield ""
    yield "Have a tool set up, with a key of its own, after seeing what would be changed:"
    yield "  bursar connect cline --write          or continue, opencode, aider, zed"
    yield ""
    yield "Or enter it by hand. Any OpenAI client:"
    yield f"  OPENAI_BASE_URL={base_url}"
    yield f"  OPENAI_API_KEY={shown_key}"
    yield f"  model: {model}"
    yield ""
    yield 'Cline: Settings, API Provider "OpenAI Compatible", then'
    yield f"  Base URL {base_url}, API Key as above, Model ID {model}"
    yield ""
    yield "Continue: in ~/.continue/config.yaml, below models:"
    yield "  - name: Bursar"
    yield "    provider: openai"
    yield f"    model: {model}"
    yield f"    apiBase: {base_url}"
    yield f"    apiKey: {shown_key}"
    yield "    roles: [chat, edit, apply]"
    yield "    capabilities: [tool_use, image_input]"
    yield ""
    yield "Cursor makes its calls from its own servers, and they refuse addresses of your machine. It needs a tunnel:"
    yield "  bursar connect cursor"
