"""What is odd about each wire and handled by its codec, in words: nothing here can be found out by encoding."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_OPENAI_RESPONSES: Final = """\
- The API stores answers unless told not to. Every request says `store: false` and carries the whole conversation;
  reasoning goes back in its encrypted form, which only its maker can read.
- A whole request is refused for one control that the model does not know, so what is sent depends on the family of
  the model. A name that says nothing gets what was asked.
- A JSON object may only be asked for where the word JSON stands in the conversation; `request_invalid` says so before
  the API does.
- A tool is called by `call_id`, not by the `id` of its item. Results refer to the former.
- An answer cut short has the status `incomplete`, and may hold nothing but reasoning: `empty_output`.
- An answer that is still queued is a `ProtocolError`: nothing is polled for.
- Usage is inclusive: cached and written tokens are part of the input, reasoning is part of the output.
- A tool whose schema leaves strict mode's room to interpret is sent with `strict: false`, with a warning.
"""

_CHAT_COMPLETIONS: Final = """\
- A refusal ends with `stop`; only the field `refusal` tells it. It becomes a `RefusalPart`.
- The finish reason says `stop` even where a named tool was called. What is there beats what is said.
- Arguments of a tool call cut off in the middle are kept as they came, with `tool_arguments_invalid_json`.
- Answers of the time before tool calls (`function_call`, without an id) are read, and get an id.
- Only the first choice is read; more than one is said as `extra_choices_ignored`.
- From GPT-5.2 on tools and reasoning exclude each other here: reasoning is left out, with `dropped_control`. The
  Responses wire, kind `openai`, takes both.
- Some 401 answers repeat the key, masked by the vendor. Error texts are masked again, and cut.
"""

_ANTHROPIC_MESSAGES: Final = """\
- The API wants a limit on the answer. Without `max_output_tokens` the catalog's limit of the model is sent, or a
  default, and `default_max_tokens_applied` says so.
- Usage counts cached tokens beside `input_tokens`; here they are inside, as on every wire. Rounds of compaction and
  advisors are counted in.
- A thinking block may be empty and signed. It counts, is kept, and goes back as it came.
- Newer models refuse a sampling control for being there at all, so it is left out with a warning.
- Any JSON object is asked for in the system prompt, `json_object_by_instruction`; a schema is enforced by the API,
  apart from limits on numbers and lengths.
- An empty list of content is an answer, with `empty_output`.
- Blocks of server tools are skipped, with `unknown_content_block`.
- `retry-after` is read from error answers only: good answers carry it too.
"""

_GEMINI: Final = """\
- A bad key is answered with status 400; it is `CredentialsRejected` here, as everywhere.
- Tool calls end with `STOP`; the finish reason becomes `tool_calls`. Older models give calls no id: one is made, and
  left out when the call goes back.
- A signature may sit on any part, an empty text included. It goes back on that part. For a call of another maker the
  placeholder that Google documents is sent, to models that insist on one.
- Thinking is counted beside the answer, and what server tools read beside the prompt; here both are inside.
- A blocked prompt has no candidates at all: an empty answer with the finish reason `content_filter`.
- The model id is a part of the path, so an id that could lead elsewhere is refused.
- How long to wait after a 429 stands in the body, `RetryInfo`, and not in a header.
- Finish reasons may come as numbers, and errors inside a list or as JSON text inside a message.
"""

_OLLAMA: Final = """\
- Only this protocol carries `num_ctx`. Servers cut a prompt that is too long, and tell nobody: `truncate: false` is
  sent, and where `num_ctx` was set, `prompt_truncated` says that the counts look like those of a cut prompt.
- A tool call cannot be insisted on: `tool_choice` required or specific is refused. None leaves the tools out.
- A JSON form is a grammar over everything the model writes, so it seldom calls tools beside one:
  `tools_held_back_by_format`.
- Arguments of tool calls are objects, and older servers give calls no id: one is made.
- Counts of zero are left out, and so is the prompt where all of it was cached: `usage_partial`.
- Reasoning between `<think>` tags stays text: only the model's template knows the tags.
- A local server can pass a call on to the vendor's cloud. A record of the tier `local` refuses such models, and says
  `another_model_answered` where only the answer tells.
"""

_OPENROUTER: Final = """\
- `reasoning_details` go back unchanged and in order; the plain `reasoning` beside them carries no signature.
- What one vendor behind the router signed is not sent to another; the name of the model tells which it is.
- Status 200 may hold an error, in the body or in the choice. It is raised as what it is. An answer that broke off may
  have been billed: delivery `ambiguous`.
- The cause of an error is JSON inside the text `metadata.raw`; it is looked into.
- The cost is what OpenRouter reports. With a key of one's own at the vendor, the vendor's charge is added.
- Bodies begin with blank lines that kept the connection open; they are read past.
- A conversation with tool results names its tools again.
"""

_OPENAI_COMPATIBLE: Final = """\
- Errors come in many shapes: flat, nested, a list, `detail`, JSON inside a text, or no JSON. The text and the names
  are found wherever they stand.
- Mistral's tool ids are nine letters or digits; those of others are rewritten, with a warning, one to one.
- Mistral's reasoning is a list of pieces inside `content`; on other servers it is `reasoning_content` or `reasoning`.
  All of them are read, whatever the dialect.
- xAI leaves reasoning out of `completion_tokens`; the total tells, and the tokens count as output.
- Cached tokens have five names, and are found under each.
- Azure leaves out the message that its filter took: an empty answer with `content_filter`.
- Ids of tool calls that are missing or come twice are made anew, so that results find their call.
- vLLM, llama.cpp and TGI render the model's own template, which takes one system message, in front.
"""

QUIRKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "openai-responses": _OPENAI_RESPONSES,
        "chat-completions": _CHAT_COMPLETIONS,
        "anthropic-messages": _ANTHROPIC_MESSAGES,
        "gemini": _GEMINI,
        "ollama": _OLLAMA,
        "openrouter": _OPENROUTER,
        "openai-compatible": _OPENAI_COMPATIBLE,
    }
)
"""For the page of each wire: what a caller may stumble over, as a list."""
