"""``python -m provider_runtime.testing.sandbox``: the sandbox until Ctrl-C, for people with curl."""

import argparse
import asyncio
import sys
from contextlib import suppress

from provider_runtime.testing.sandbox.server import Sandbox


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="provider_runtime.testing.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="the port to listen at; 0, the default, takes a free one")
    options = parser.parse_args()
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(_serve(options.port))
    except OSError as failure:
        parser.error(f"port {options.port} cannot be used: {failure.strerror}")


async def _serve(port: int) -> None:
    async with Sandbox(port=port) as sandbox:
        sys.stdout.write(_greeting(sandbox))
        sys.stdout.flush()
        await asyncio.Event().wait()  # nothing sets it: an interrupt ends the wait


def _greeting(sandbox: Sandbox) -> str:
    return f"""A sandbox of vendors. It has no model; any key is good but "wrong-key". Ctrl-C ends it.

  OpenAI Responses         {sandbox.url}/v1/responses
  OpenAI Chat Completions  {sandbox.url}/v1/chat/completions
  Anthropic Messages       {sandbox.url}/v1/messages
  Gemini                   {sandbox.url}/v1beta/models/gemini-2.5-flash:generateContent
  Ollama                   {sandbox.url}/api/chat
  OpenRouter               {sandbox.url}/api/v1/chat/completions
  compatible servers       {sandbox.compatible_url}/chat/completions

curl {sandbox.url}/v1/messages \\
  -H 'x-api-key: any' -H 'anthropic-version: 2023-06-01' -H 'content-type: application/json' \\
  -d '{{"model": "claude-sonnet-4-5", "max_tokens": 100, "messages": [{{"role": "user", "content": "Hello there"}}]}}'
"""


if __name__ == "__main__":
    main()
